import Foundation
import Labs
import PropertyTesting

/// A wrong program, perhaps: a correct submission with one change by rule.
struct Mutation: Sendable {
  /// What makes it the same mutation in another run, although lines above it have come or gone.
  struct Identity: Hashable, Sendable {
    /// Folder of the correct submission, from the root.
    let base: String
    let file: String
    /// The function that it is in: `free(_:order:)`; of several changes alike in one function the later ones have ` #2`.
    let place: String
    let rule: MutationRule
    /// The lines that change, and what stands there then, without the blanks around them.
    let before: [String]
    let after: [String]
  }

  let identity: Identity
  /// Number of the first line that changes.
  let line: Int
  /// All files, with the change.
  let sources: [SourceFile]
  let linksReference: Bool

  /// The change as a reader of a patch knows it.
  var difference: [String] {
    identity.before.map { "- \($0)" } + identity.after.map { "+ \($0)" }
  }
}

/// A correct submission that mutations are made from.
struct MutationBase: Sendable {
  /// Its folder from the root.
  let folder: String
  let sources: [SourceFile]
  let linksReference: Bool

  /// All mutations by all rules, in the order of files, rules as they find, and places.
  func mutations() -> [Mutation] {
    var seen: [Mutation.Identity: Int] = [:]
    var texts: Set<String> = []
    var mutations: [Mutation] = []
    for (place, file) in sources.enumerated() {
      let tokens = SwiftTokens(file.text)
      let functions = tokens.functions
      for site in MutationFinder.sites(in: file.text) {
        let text = Self.apply(site.edits, to: tokens)
        // Two rules may lead to one program.
        guard texts.insert(text).inserted else { continue }
        let start = site.edits[0].range.lowerBound
        let (before, after) = Self.lines(site.edits, tokens)
        func identity(_ place: String) -> Mutation.Identity {
          Mutation.Identity(
            base: folder, file: file.name, place: place, rule: site.rule, before: before,
            after: after)
        }
        let function = functions.last {
          tokens.tokens[$0.declaration].range.lowerBound <= start
            && start <= tokens.tokens[$0.body.upperBound].range.lowerBound
        }
        let first = identity(function?.key ?? "the type")
        seen[first, default: 0] += 1
        let count = seen[first]!
        var changed = sources
        changed[place] = SourceFile(name: file.name, text: text)
        mutations.append(
          Mutation(
            identity: count == 1 ? first : identity("\(first.place) #\(count)"),
            line: tokens.line(at: start), sources: changed, linksReference: linksReference))
      }
    }
    return mutations
  }

  private static func apply(_ edits: [MutationEdit], to source: SwiftTokens) -> String {
    var text = ""
    var place = 0
    for edit in edits {
      text += source.text(place..<edit.range.lowerBound) + edit.text
      place = edit.range.upperBound
    }
    return text + source.text(place..<source.bytes.count)
  }

  /// The lines that the edits touch, before and after, without blanks around them and without those that are the same.
  private static func lines(
    _ edits: [MutationEdit], _ source: SwiftTokens
  ) -> (before: [String], after: [String]) {
    let newline = UInt8(ascii: "\n")
    var before: [String] = []
    var after: [String] = []
    var rest = edits[...]
    while let first = rest.first {
      let start = source.bytes[..<first.range.lowerBound].lastIndex(of: newline).map { $0 + 1 } ?? 0
      var end = first.range.upperBound
      var group: [MutationEdit] = []
      // Edits on neighbouring lines, or on the same one, are shown together.
      while let edit = rest.first, edit.range.lowerBound <= end {
        group.append(rest.removeFirst())
        end = source.bytes[edit.range.upperBound...].firstIndex(of: newline) ?? source.bytes.count
      }
      let shifted = group.map {
        MutationEdit(
          range: $0.range.lowerBound - start..<$0.range.upperBound - start, text: $0.text)
      }
      let part = source.text(start..<end)
      before += trimmed(part)
      after += trimmed(apply(shifted, to: part))
    }
    return (before, after)
  }

  private static func apply(_ edits: [MutationEdit], to part: String) -> String {
    let bytes = Array(part.utf8)
    var result: [UInt8] = []
    var place = 0
    for edit in edits {
      result += bytes[place..<edit.range.lowerBound] + Array(edit.text.utf8)
      place = edit.range.upperBound
    }
    return String(decoding: result + bytes[place...], as: UTF8.self)
  }

  private static func trimmed(_ text: String) -> [String] {
    text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
  }
}

/// Which mutations are tried.
enum MutationChoice {
  /// `count` of `all` in an order that the seed gives, after the first `skipped`: every rule and every base in turn.
  static func choose(
    _ count: Int, of all: [Mutation], seed: UInt64, skipping skipped: Int = 0
  ) -> [Mutation] {
    var random = SplitMix64(seed: seed)
    var groups: [[[Mutation]]] = MutationRule.allCases.map { rule in
      let ofRule = all.filter { $0.identity.rule == rule }
      var bases: [String] = []
      for mutation in ofRule where !bases.contains(mutation.identity.base) {
        bases.append(mutation.identity.base)
      }
      return shuffled(
        bases.map { base in shuffled(ofRule.filter { $0.identity.base == base }, &random) }, &random
      )
    }
    var order: [Mutation] = []
    while groups.contains(where: { !$0.isEmpty }), order.count < skipped + count {
      for index in groups.indices where !groups[index].isEmpty {
        // The next base of this rule gives one, and goes to the end of its queue.
        var base = groups[index].removeFirst()
        order.append(base.removeLast())
        if !base.isEmpty { groups[index].append(base) }
      }
    }
    return Array(order.dropFirst(skipped).prefix(count))
  }

  private static func shuffled<Element>(
    _ elements: [Element], _ random: inout SplitMix64
  ) -> [Element] {
    var elements = elements
    for index in elements.indices.dropFirst() {
      elements.swapAt(index, Int(random.next(upTo: UInt64(index))))
    }
    return elements
  }
}
