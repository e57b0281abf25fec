import Foundation

/// What a run over mutations found, as `--json` writes it and `--again` reads it.
struct MutationDocument: Codable {
  struct Lab: Codable {
    let id: String
    let seed: UInt64
    /// How many mutations there are, and how many were tried.
    let possible: Int
    let tried: Int
    let notCompiled: Int
    /// By the first check that a mutation did not pass.
    let caughtBy: [String: Int]
    /// By the check in which time ran out.
    let unfinished: [String: Int]
    let survivors: [Survivor]
  }

  /// A mutation that passes every check.
  struct Survivor: Codable {
    let base: String
    let file: String
    let line: Int
    let place: String
    let rule: String
    let before: [String]
    let after: [String]
    /// Why it is no fault, as `equivalent` says.
    let reason: String?

    init(_ mutation: Mutation, reason: String?) {
      base = mutation.identity.base
      file = mutation.identity.file
      line = mutation.line
      place = mutation.identity.place
      rule = mutation.identity.rule.rawValue
      before = mutation.identity.before
      after = mutation.identity.after
      self.reason = reason
    }

    var identity: Mutation.Identity? {
      MutationRule(rawValue: rule).map {
        Mutation.Identity(
          base: base, file: file, place: place, rule: $0, before: before, after: after)
      }
    }
  }

  let version: Int
  let labs: [Lab]

  /// The survivors that an earlier run wrote to the file at `path`.
  ///
  /// - Throws: ``GradingError/usage(_:)`` when the file is none of this form.
  static func survivors(in path: String, named name: String) throws(GradingError) -> Set<
    Mutation.Identity
  > {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .usage("\(name) cannot be read.")
    }
    guard let document = try? JSONDecoder().decode(MutationDocument.self, from: data) else {
      throw .usage("\(name) is not what grade audit --mutate --json writes.")
    }
    return Set(document.labs.flatMap(\.survivors).compactMap(\.identity))
  }
}
