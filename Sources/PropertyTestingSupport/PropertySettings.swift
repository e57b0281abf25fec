/// What the environment asks of every property of a test run.
struct PropertySettings: Equatable {
  /// `PROPERTY_SEED`: search with this seed.
  var seed: UInt64?
  /// `PROPERTY_RUNS`: judge so many cases.
  var runs: Int?
  /// `PROPERTY_CHOICES`: run just the case with these draws.
  var choices: [UInt64]?

  init(_ environment: [String: String]) throws(MalformedSetting) {
    if let text = environment["PROPERTY_SEED"] {
      guard let seed = UInt64(text) else {
        throw MalformedSetting(name: "PROPERTY_SEED", text: text, expected: "one whole number")
      }
      self.seed = seed
    }
    if let text = environment["PROPERTY_RUNS"] {
      guard let runs = Int(text), runs > 0 else {
        throw MalformedSetting(
          name: "PROPERTY_RUNS", text: text, expected: "one whole number above 0")
      }
      self.runs = runs
    }
    if let text = environment["PROPERTY_CHOICES"] {
      guard let choices = parseChoices(text) else {
        throw MalformedSetting(
          name: "PROPERTY_CHOICES", text: text, expected: "whole numbers separated by spaces")
      }
      self.choices = choices
    }
  }
}

/// A variable of the environment that says something else than it should.
struct MalformedSetting: Error, Equatable, CustomStringConvertible {
  let name: String
  let text: String
  let expected: String
  var description: String { "\(name) is \"\(text)\" where it should be \(expected)" }
}

/// The numbers in `text`, or nil when one of its words is none.
func parseChoices(_ text: some StringProtocol) -> [UInt64]? {
  let words = text.split(whereSeparator: \.isWhitespace)
  let numbers = words.compactMap { UInt64($0) }
  return numbers.count == words.count ? numbers : nil
}
