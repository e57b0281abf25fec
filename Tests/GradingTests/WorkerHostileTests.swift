import AllocationTrace
import Foundation
import LabBench
import Labs
import Testing

@testable import Grading

/// Every submission in `grading/hostile` ends as its header says, and never as a success.
@Suite struct WorkerHostileTests {
  struct Hostile: CustomTestStringConvertible {
    let name: String
    let source: SourceFile
    /// The kind of end that the header expects, and the start of its text.
    let kind: String
    let text: String

    var testDescription: String { name }
  }

  static let all: [Hostile] = {
    let folder = WorkerBench.root.appending(path: "grading/hostile")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { !$0.hasPrefix(".") }.sorted().map { name in
      let file = folder.appending(path: "\(name)/BuddySystem.swift")
      let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
      let lines = text.split(separator: "\n")
      let expects =
        lines.first { $0.hasPrefix("// expects: ") }?.dropFirst("// expects: ".count) ?? ""
      let parts = expects.split(separator: ":", maxSplits: 1)
      return Hostile(
        name: name, source: SourceFile(name: "BuddySystem.swift", text: text),
        kind: parts.first.map(String.init) ?? "",
        text: parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
    }
  }()

  @Test func thereAreAttacks() { #expect(Self.all.count > 30) }

  @Test(arguments: all) func endsAsItsHeaderSays(_ hostile: Hostile) throws {
    let result = try WorkerBench.build([hostile.source])
    guard case .success(let image) = result else {
      guard case .failure(let failure) = result else { return }
      #expect(hostile.kind == "build", "\(failure)")
      #expect(failure.title.hasPrefix(hostile.text), "\(failure)")
      return
    }
    var limits = WorkerLimits()
    limits.patience = WorkerLimits.Patience(processor: 0.5, idle: 0.5)
    let subject = WorkerSubject(image, rules: WorkerBench.rules, limits: limits)
    // The last cannot be called: a boot returns no block.
    let transcript = subject.perform([
      boot, allocate, allocate, BuddySystemOperation.free(0, order: 0),
    ])
    #expect(subject.failure == nil)
    switch (hostile.kind, transcript.ending) {
    case ("crash", .crashed(let text)), ("garbled", .garbled(let text)):
      #expect(text.hasPrefix(hostile.text))
    case ("time", .timedOut(let seconds, _)): #expect(seconds == 0.5)
    case ("answer", .complete):
      #expect(
        transcript.outcomes.dropFirst() == [
          .number(Int(hostile.text)!), .number(Int(hostile.text)!), .skipped,
        ])
    // Who answers unasked may be quicker than the question.
    case ("answer", .garbled("it answered before it was asked")): break
    case ("any", .crashed), ("any", .garbled), ("any", .timedOut): break
    default: Issue.record("\(hostile.kind) was expected: \(transcript)")
    }
    #expect(subject.printed.text.utf8.count < 20_000)
  }

  /// Whatever is answered without an allocator, not one check is passed.
  @Test(arguments: ["claims-skipped", "answers-unread", "wrong-kind"])
  func earnsNothing(_ name: String) throws {
    let hostile = try #require(Self.all.first { $0.name == name })
    let course = try Course.find(directory: nil, start: WorkerBench.root.path)
    let grader = Grader(course: course, workshop: ConfinedWorkshop(course: course))
    let outcome = try grader.judge([
      Grader.Assignment(lab: .buddySystem, sources: [hostile.source])
    ])
    guard case .judged(let results) = try #require(outcome.first) else {
      return #expect(Bool(false))
    }
    #expect(results.allSatisfy { $0.earned == 0 && !$0.passed })
  }

  @Test func whatIsAnsweredBeforeItWasAskedIsNotTaken() throws {
    let hostile = try #require(Self.all.first { $0.name == "answers-unread" })
    let run = try WorkerBench.subject([hostile.source]).performStepByStep([boot, allocate])
    #expect(run.transcript.ending == .garbled("it answered before it was asked"))
  }
}
