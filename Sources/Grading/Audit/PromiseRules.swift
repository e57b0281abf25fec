import Foundation
import Labs

/// What holds between the words of a lab's contract and lesson, its list of promises, and its checks.
struct PromiseRules {
  private let lab: Lab
  /// Texts of the contract's files and of the lesson, as ``plain(_:)`` makes them.
  private let texts: [String]
  private let contract: [SourceFile]

  init(_ lab: Lab, course: Course) {
    self.lab = lab
    contract = (try? course.sources(in: "Sources/LabKit/\(lab.id)")) ?? []
    let lesson = course.path("Exercises/\(lab.id)/README.md")
    let words = FileManager.default.contents(atPath: lesson).map {
      String(decoding: $0, as: UTF8.self)
    }
    texts = (contract.map(\.text) + [words ?? ""]).map(Self.plain)
  }

  /// Promises that nobody tries, or that nobody made; checks and methods without a promise.
  var defects: [Defect] {
    guard !lab.promises.isEmpty else {
      return [Defect(place: lab.id, message: "it lists no promises")]
    }
    var defects: [Defect] = []
    for promise in lab.promises {
      let place = "\(lab.id), promise “\(promise.text)”"
      if promise.checks.isEmpty {
        defects.append(Defect(place: place, message: "no check tries it"))
      }
      for check in promise.checks where lab.check(check) == nil {
        defects.append(Defect(place: place, message: "there is no check “\(check)”"))
      }
      if promise.edges.allSatisfy(\.isWhitespace) {
        defects.append(Defect(place: place, message: "it does not say which edges are tried"))
      }
      if !Self.parts(of: promise).allSatisfy({ part in texts.contains { $0.contains(part) } }) {
        defects.append(
          Defect(place: place, message: "neither the contract nor the lesson says so"))
      }
    }
    let tried = Set(lab.promises.flatMap(\.checks))
    for check in lab.checks where !tried.contains(check.id) {
      defects.append(
        Defect(place: "\(lab.id)/\(check.id)", message: "no promise names this check"))
    }
    for method in methods where !isPromised(method) {
      defects.append(
        Defect(place: "\(lab.contract).\(method.name)", message: "no promise speaks of it"))
    }
    return defects
  }

  /// A promise may leave words out between two parts: `allocate … returns nil`.
  private static func parts(of promise: Promise) -> [String] {
    promise.text.split(separator: "…").map { plain(String($0)) }.filter { !$0.isEmpty }
  }

  /// Text without what only marks it up: comment signs, emphasis, links, line ends; in lower case.
  static func plain(_ text: String) -> String {
    let lines = text.split(separator: "\n").map { line in
      line.trimmingPrefix { $0.isWhitespace }.trimmingPrefix { "/>".contains($0) }
    }
    let joined = lines.joined(separator: " ").replacing(/\]\([^)\s]*\)/, with: "")
    return joined.filter { !"*_`#|[]“”\"".contains($0) }.split(whereSeparator: \.isWhitespace)
      .joined(separator: " ").lowercased()
  }

  // MARK: The contract's methods

  private struct Method {
    let name: String
    /// The comment above it, as ``plain(_:)`` makes it.
    let comment: String
  }

  /// What the contract's protocol requires, in its order.
  private var methods: [Method] {
    for file in contract {
      let source = SwiftTokens(file.text)
      for index in source.tokens.indices
      where source.reads(index, "protocol") && source[index + 1] == lab.contract {
        guard
          let brace = source.tokens.indices.first(where: { $0 > index && source.reads($0, "{") }),
          let end = source.partners[brace]
        else { return [] }
        return methods(in: brace + 1..<end, of: source)
      }
    }
    return []
  }

  private func methods(in body: Range<Int>, of source: SwiftTokens) -> [Method] {
    var methods: [Method] = []
    var index = body.lowerBound
    /// The first token of the declaration, modifiers included.
    var start = index
    while index < body.upperBound {
      if source.tokens[index].startsLine { start = index }
      if source.reads(index, "func") || source.reads(index, "init") || source.reads(index, "var") {
        let comment =
          source.tokens[start - 1].range.upperBound..<source.tokens[start].range.lowerBound
        methods.append(
          Method(
            name: source.reads(index, "init") ? "init" : source[index + 1],
            comment: Self.plain(source.text(comment))))
      }
      index = source.afterGroup(index)
    }
    return methods
  }

  /// Whether a promise quotes the method's comment, or names the method.
  private func isPromised(_ method: Method) -> Bool {
    lab.promises.contains { promise in
      Self.parts(of: promise).contains { method.comment.contains($0) }
        || promise.text.split(whereSeparator: { !$0.isLetter }).contains(method.name[...])
    }
  }
}
