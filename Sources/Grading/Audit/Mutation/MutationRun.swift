import Foundation
import Labs

/// Looks for faults that the checks of a lab do not see: makes mutants by rule and grades them.
public struct MutationRun: Sendable {
  /// What became of one mutation.
  enum Fate: Hashable, Sendable {
    /// The compiler refuses it, so nobody can hand it in.
    case notCompiled
    /// The id of the first check that it fails; those of speed are asked last.
    case caught(by: String)
    /// No check is failed, but time ran out in this one: the run tells nothing.
    case unfinished(in: String)
    /// Every check is passed.
    case survived
  }

  /// What became of the mutations of one lab.
  public struct Finding: Sendable {
    let lab: Lab
    let seed: UInt64
    /// How many mutations there are at all.
    let possible: Int
    let mutations: [Mutation]
    /// As ``mutations``.
    let fates: [Fate]
    let equivalents: Equivalents
    /// Entries of `equivalent` of which the bases know nothing any more.
    let stale: [Equivalents.Entry]

    /// The mutations that pass every check.
    var survivors: [Mutation] {
      zip(mutations, fates).filter { $0.1 == .survived }.map(\.0)
    }

    /// The survivors that nobody has judged to be no fault.
    var unlisted: [Mutation] { survivors.filter { equivalents.reason(for: $0) == nil } }

    /// How many mutations told nothing because time ran out, by the check in which it did.
    var unfinished: [String: Int] {
      var counts: [String: Int] = [:]
      for fate in fates {
        if case .unfinished(let check) = fate { counts[check, default: 0] += 1 }
      }
      return counts
    }

    /// Mutations that were judged to be no fault, and fail a check all the same.
    var caughtThoughListed: [(mutation: Mutation, check: String)] {
      zip(mutations, fates).compactMap { mutation, fate in
        guard case .caught(let check) = fate, equivalents.reason(for: mutation) != nil else {
          return nil
        }
        return (mutation, check)
      }
    }

    /// Whether nothing is left to be looked at.
    public var isClean: Bool { unlisted.isEmpty && stale.isEmpty && caughtThoughListed.isEmpty }
  }

  /// So many are built before the oldest programs are removed.
  private static let slice = 64

  public let grader: Grader
  /// How many mutations of a lab are tried.
  public var count = 200
  public var seed: UInt64 = 1
  /// How many of the seed's order are left out: where another run ended.
  public var skipped = 0

  /// The JSON of an earlier run: its survivors are tried again, and nothing else. Nil for a choice by ``seed``.
  public var again: (path: String, name: String)?

  public init(grader: Grader) { self.grader = grader }

  /// Makes and grades mutations of `labs`.
  ///
  /// - Throws: ``GradingError`` when there is no solution, `equivalent` cannot be read, or the grader fails.
  public func run(_ labs: [Lab]) throws(GradingError) -> [Finding] {
    var findings: [Finding] = []
    for lab in labs { findings.append(try run(lab)) }
    return findings
  }

  private func run(_ lab: Lab) throws(GradingError) -> Finding {
    let all = try Self.bases(of: lab, course: grader.course).flatMap { $0.mutations() }
    let equivalents = try Equivalents(lab: lab.id, course: grader.course)
    let chosen = try choose(from: all)
    let fates = try fates(of: chosen, lab: lab, equivalents)
    return Finding(
      lab: lab, seed: seed, possible: all.count, mutations: chosen, fates: fates,
      equivalents: equivalents, stale: equivalents.stale(all))
  }

  /// Entries of the lab's `equivalent` that no mutation of its bases is like.
  static func stale(_ lab: Lab, course: Course) throws(GradingError) -> [Defect] {
    let equivalents = try Equivalents(lab: lab.id, course: course)
    guard !equivalents.entries.isEmpty else { return [] }
    return equivalents.stale(try bases(of: lab, course: course).flatMap { $0.mutations() }).map {
      Defect(
        place: "grading/\(lab.id)/equivalent:\($0.line)",
        message: "no mutation is like this any more")
    }
  }

  private func choose(from all: [Mutation]) throws(GradingError) -> [Mutation] {
    guard let again else {
      return MutationChoice.choose(count, of: all, seed: seed, skipping: skipped)
    }
    let survivors = try MutationDocument.survivors(in: again.path, named: again.name)
    return all.filter { survivors.contains($0.identity) }
  }

  /// The solution and every wheat.
  private static func bases(
    of lab: Lab, course: Course
  ) throws(GradingError) -> [MutationBase] {
    var bases = [
      MutationBase(
        folder: "Solutions/\(lab.id)",
        sources: try AuditCatalogue.solution(of: lab, course: course), linksReference: false)
    ]
    let wheats = "grading/\(lab.id)/wheats"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: course.path(wheats))) ?? []
    for name in names.filter({ !$0.hasPrefix(".") }).sorted() {
      let sources = try course.sources(in: "\(wheats)/\(name)")
      bases.append(
        MutationBase(
          folder: "\(wheats)/\(name)", sources: sources,
          linksReference: AuditCatalogue.header(of: sources)["links"] == "KernelMemory"))
    }
    return bases
  }

  /// Grades each mutation up to the first check that it fails; speed is judged last, one mutation at a time.
  private func fates(
    of mutations: [Mutation], lab: Lab, _ equivalents: Equivalents
  ) throws(GradingError) -> [Fate] {
    let quick = Self.quickChecks(of: lab)
    let timed = lab.checks.filter { $0.kind == .performance }
    let progress = Progress(total: mutations.count, report: grader.progress)
    var quiet = grader
    quiet.progress = { _, _ in }
    let judge = {
      @Sendable [quiet] (mutation: Mutation, checks: [Check]) -> Result<Fate, GradingError> in
      do throws(GradingError) {
        return .success(try Self.fate(of: mutation, lab: lab, checks: checks, quiet))
      } catch {
        return .failure(error)
      }
    }
    var fates: [Fate] = []
    while fates.count < mutations.count {
      let slice = Array(mutations[fates.count...].prefix(Self.slice))
      let results = grader.crew.map(slice.count) { index in
        defer { progress.advance() }
        return judge(slice[index], quick)
      }
      for result in results { fates.append(try result.get()) }
      grader.workshop.tidy()
    }
    // Those that are known to be no fault need not be timed.
    let slow = mutations.indices.filter {
      fates[$0] == .survived && equivalents.reason(for: mutations[$0]) == nil
    }
    let timing = Progress(total: slow.count, report: grader.progress)
    for index in slow where !timed.isEmpty {
      fates[index] = try judge(mutations[index], timed).get()
      timing.advance()
    }
    return fates
  }

  /// The checks but those of speed, the kinds that take the least time first.
  static func quickChecks(of lab: Lab) -> [Check] {
    let kinds: [Check.Kind] = [.example, .fault, .exhaustive, .property, .invariant]
    return kinds.flatMap { kind in lab.checks.filter { $0.kind == kind } }
  }

  private static func fate(
    of mutation: Mutation, lab: Lab, checks: [Check], _ grader: Grader
  ) throws(GradingError) -> Fate {
    var assignment = Grader.Assignment(lab: lab, sources: mutation.sources)
    assignment.linksReference = mutation.linksReference
    var unfinished: String?
    for check in checks {
      assignment.checks = [check]
      switch try grader.judge([assignment])[0] {
      case .judged(let results):
        switch results[0].verdict {
        case .failed: return .caught(by: check.id)
        case .unfinished: unfinished = unfinished ?? check.id
        case .passed, .notJudged: break
        }
      case .untouched, .refused, .notBuilt: return .notCompiled
      }
    }
    return unfinished.map { .unfinished(in: $0) } ?? .survived
  }
}
