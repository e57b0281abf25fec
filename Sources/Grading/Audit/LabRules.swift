import Foundation
import Labs

/// What holds of every sound lab before a submission is graded.
enum LabRules {
  /// Defects of the lab's checks, hints and lesson.
  static func defects(of lab: Lab, course: Course) -> [Defect] {
    var defects: [Defect] = []
    func add(_ place: String, _ message: String) {
      defects.append(Defect(place: place, message: message))
    }
    let checks = lab.checks
    let points = checks.reduce(0) { $0 + $1.points }
    if points != 100 { add(lab.id, "its points add to \(points), not to 100") }
    // A lab of pure functions has nothing that could hold after every operation, and no cost that grows.
    let kinds = Set(checks.map(\.kind))
    let isPure = kinds.isDisjoint(with: [.invariant, .performance])
    let least = isPure ? 12 : 15
    if checks.count < least {
      add(lab.id, "it has \(checks.count) checks; at least \(least) are wanted")
    }
    let wanted: [Check.Kind] =
      isPure ? [.example, .property, .exhaustive, .fault] : Check.Kind.allCases
    for kind in wanted where !kinds.contains(kind) {
      add(lab.id, "it has no check of the kind \(kind.rawValue)")
    }
    let anchors = anchors(of: lab, course: course)
    if anchors == nil { add("Exercises/\(lab.id)/README.md", "the lesson does not exist") }
    var ids: Set<String> = []
    for check in checks {
      let place = "\(lab.id)/\(check.id)"
      if !ids.insert(check.id).inserted { add(place, "the id stands twice") }
      if check.id.wholeMatch(of: /[a-z0-9]+(-[a-z0-9]+)*/) == nil {
        add(place, "an id is made of lower-case letters, digits and hyphens")
      }
      if check.points <= 0 { add(place, "it gives no points") }
      if check.hints.count != 3 { add(place, "it has \(check.hints.count) hints, not three") }
      if check.hints.contains(where: { $0.allSatisfy(\.isWhitespace) }) {
        add(place, "a hint is empty")
      }
      if let anchors, !anchors.contains(check.lesson) {
        add(place, "the lesson has no heading for #\(check.lesson)")
      }
    }
    return defects + repeatedSentences(lab) + PromiseRules(lab, course: course).defects
  }

  /// A sentence that two hints share says nothing about either rule.
  private static func repeatedSentences(_ lab: Lab) -> [Defect] {
    var first: [String: String] = [:]
    var defects: [Defect] = []
    for check in lab.checks {
      for (index, hint) in check.hints.enumerated() {
        let place = "\(lab.id)/\(check.id) hint \(index + 1)"
        // A full stop within a number or a name ends no sentence.
        for sentence in hint.split(separator: /[.?!](\s+|$)/) {
          let text = sentence.lowercased().trimmingCharacters(in: .whitespaces)
          guard text.split(separator: " ").count > 2 else { continue }
          if let other = first[text] {
            defects.append(
              Defect(place: place, message: "repeats a sentence of \(other): “\(sentence)”"))
          } else {
            first[text] = place
          }
        }
      }
    }
    return defects
  }

  /// The anchors of the lesson's headings, as the web page that shows it makes them; nil when there is no lesson.
  private static func anchors(of lab: Lab, course: Course) -> Set<String>? {
    let path = course.path("Exercises/\(lab.id)/README.md")
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    var anchors: Set<String> = []
    for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
      if line.hasPrefix("#") { anchors.insert(anchor(of: line.drop { $0 == "#" })) }
      for match in line.matches(of: /<a (?:id|name)="([^"]+)">/) { anchors.insert(String(match.1)) }
    }
    return anchors
  }

  /// A heading in lower case with hyphens for spaces, without punctuation.
  static func anchor(of heading: Substring) -> String {
    let text = heading.lowercased().trimmingCharacters(in: .whitespaces)
    return String(
      text.compactMap { character -> Character? in
        if character == " " { return "-" }
        return character.isLetter || character.isNumber || character == "-" || character == "_"
          ? character : nil
      })
  }
}
