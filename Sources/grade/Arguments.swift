import Grading
import Labs

/// What the command line asks for.
enum Command: Equatable {
  case grade(GradeOptions)
  case hint(check: String, level: Int, course: String?)
  case list(course: String?)
  /// `name` is a file's, or a check's.
  case replay(name: String, submission: String?, course: String?)
  case reset(lab: String, course: String?)
  case audit(AuditOptions)
  case help
}

/// The options of `grade [lab…]`.
struct GradeOptions: Equatable {
  /// Labs, or checks of a lab: `BuddySystem/merge`.
  var labs: [String] = []
  var submission: String?
  var json: String?
  var seed: UInt64?
  var require: Score?
  var requireConfinement = false
  var all = false
  var noReplays = false
  var course: String?
}

/// The options of `grade audit [lab…]`.
struct AuditOptions: Equatable {
  var labs: [String] = []
  var json: String?
  var only: String?
  var stubs = false
  var writeStubs = false
  var promises = false
  /// How often everything that is timed is measured; nil where margins are not asked for.
  var marginRuns: Int?
  var mutate: MutateOptions?
  var course: String?
}

/// The options of `grade audit --mutate [lab…]`.
struct MutateOptions: Equatable {
  var count = 200
  var seed: UInt64 = 1
  var skip = 0
  var again: String?
}

extension Command {
  static let names = ["list", "hint", "replay", "reset", "audit", "help"]

  /// Reads the words after the program's name.
  ///
  /// - Parameter labs: the labs, to help with a mistyped name.
  static func parse(_ words: [String], labs: [Lab]) throws(GradingError) -> Command {
    if words.contains("--help") || words.contains("-h") { return .help }
    guard let first = words.first, names.contains(first) else {
      return .grade(try gradeOptions(words, labs: labs))
    }
    let rest = Array(words.dropFirst())
    switch first {
    case "list":
      let line = try CommandLineWords(rest, of: "grade list", options: [.course])
      try line.expect(0...0, usage: "grade list")
      return .list(course: line[.course])
    case "hint": return try hint(rest)
    case "replay":
      let usage = "grade replay CHECK, or grade replay FILE"
      let line = try CommandLineWords(rest, of: "grade replay", options: [.submission, .course])
      try line.expect(1...1, usage: usage)
      return .replay(
        name: line.words[0], submission: line[.submission], course: line[.course])
    case "reset":
      let line = try CommandLineWords(rest, of: "grade reset", options: [.course])
      try line.expect(1...1, usage: "grade reset LAB")
      return .reset(lab: line.words[0], course: line[.course])
    case "audit": return try audit(rest)
    default: return .help
    }
  }

  private static func gradeOptions(
    _ words: [String], labs: [Lab]
  ) throws(GradingError) -> GradeOptions {
    let line = try CommandLineWords(
      words, of: "grade",
      options: [
        .submission, .json, .seed, .require, .requireConfinement, .all, .noReplays, .course,
      ])
    let ids = labs.map(\.id)
    let known = Set(ids.map { $0.lowercased() })
    let isKnown = { (word: String) in
      known.contains(word.prefix { $0 != "/" }.lowercased())
    }
    if let word = line.words.first(where: { !isKnown($0) }) {
      let owners = labs.filter { $0.check(word.lowercased()) != nil }.map(\.id)
      let guess =
        owners.isEmpty
        ? Names.nearest(to: String(word.prefix { $0 != "/" }), of: ids + names).map {
          " Did you mean \($0)?"
        } ?? ""
        : " To grade one check: grade "
          + owners.map { "\($0)/\(word.lowercased())" }.joined(separator: ", or grade ")
      throw .usage(
        """
        There is no lab or command “\(word)”.\(guess)
        The labs: \(ids.joined(separator: ", "))
        The commands: \(names.joined(separator: ", "))
        """)
    }
    var options = GradeOptions(
      labs: line.words, submission: line[.submission], json: line[.json],
      requireConfinement: line[.requireConfinement] != nil, all: line[.all] != nil,
      noReplays: line[.noReplays] != nil,
      course: line[.course])
    if let text = line[.seed] {
      guard let seed = UInt64(text) else {
        throw .usage("--seed takes a whole number from 0 to \(UInt64.max), not “\(text)”.")
      }
      options.seed = seed
    }
    if let text = line[.require] {
      guard let points = Double(text), (0...100).contains(points) else {
        throw .usage("--require takes points from 0 to 100, not “\(text)”.")
      }
      options.require = Score(tenths: Int((points * 10).rounded(.up)))
    }
    return options
  }

  private static func hint(_ words: [String]) throws(GradingError) -> Command {
    let line = try CommandLineWords(words, of: "grade hint", options: [.course])
    try line.expect(1...2, usage: "grade hint CHECK [1|2|3]")
    var level = 1
    if line.words.count == 2 {
      guard let asked = Int(line.words[1]), (1...3).contains(asked) else {
        throw .usage("A hint has the levels 1, 2 and 3; there is no level “\(line.words[1])”.")
      }
      level = asked
    }
    return .hint(check: line.words[0], level: level, course: line[.course])
  }

  private static func audit(_ words: [String]) throws(GradingError) -> Command {
    let line = try CommandLineWords(
      words, of: "grade audit",
      options: [
        .json, .only, .stubs, .writeStubs, .promises, .margins, .runs, .mutate, .count, .seed,
        .skip, .again,
        .course,
      ])
    let options = AuditOptions(
      labs: line.words, json: line[.json], only: line[.only], stubs: line[.stubs] != nil,
      writeStubs: line[.writeStubs] != nil, promises: line[.promises] != nil,
      marginRuns: try marginRuns(line),
      mutate: try mutateOptions(line), course: line[.course])
    if options.only != nil, options.labs.count != 1 {
      throw .usage("--only names a mutant or submission of one lab: grade audit LAB --only NAME")
    }
    return .audit(options)
  }
}

extension Command {
  /// How many runs `--margins` takes; nil where it is not given.
  private static func marginRuns(_ line: CommandLineWords) throws(GradingError) -> Int? {
    guard line[.margins] != nil else {
      guard line[.runs] == nil else {
        throw .usage("--runs goes with --margins: grade audit LAB --margins --runs N")
      }
      return nil
    }
    guard let text = line[.runs] else { return 20 }
    guard let runs = Int(text), (1...1_000).contains(runs) else {
      throw .usage("--runs takes a whole number from 1 to 1000, not “\(text)”.")
    }
    return runs
  }

  /// What goes with `--mutate`; nil where that is not given.
  private static func mutateOptions(
    _ line: CommandLineWords
  ) throws(GradingError) -> MutateOptions? {
    guard line[.mutate] != nil else {
      if let other = [Option.count, .seed, .skip, .again].first(where: { line[$0] != nil }) {
        throw .usage("\(other.name) goes with --mutate: grade audit --mutate LAB \(other.usage)")
      }
      return nil
    }
    func number<Number: FixedWidthInteger>(
      _ option: Option, _ usual: Number, _ range: ClosedRange<Number>
    ) throws(GradingError) -> Number {
      guard let text = line[option] else { return usual }
      guard let number = Number(text), range.contains(number) else {
        throw .usage(
          "\(option.name) takes a whole number from \(range.lowerBound) to \(range.upperBound), not “\(text)”."
        )
      }
      return number
    }
    return MutateOptions(
      count: try number(.count, 200, 1...100_000), seed: try number(.seed, 1, 0...UInt64.max),
      skip: try number(.skip, 0, 0...1_000_000), again: line[.again])
  }
}

/// An option of some command.
struct Option: Hashable {
  let name: String
  /// What its value stands for in messages; nil where it takes none.
  let value: String?

  static let submission = Option(name: "--submission", value: "DIR")
  static let json = Option(name: "--json", value: "FILE")
  static let seed = Option(name: "--seed", value: "S")
  static let require = Option(name: "--require", value: "POINTS")
  static let requireConfinement = Option(name: "--require-confinement", value: nil)
  static let all = Option(name: "--all", value: nil)
  static let noReplays = Option(name: "--no-replays", value: nil)
  static let course = Option(name: "--course", value: "DIR")
  static let only = Option(name: "--only", value: "NAME")
  static let stubs = Option(name: "--stubs", value: nil)
  static let writeStubs = Option(name: "--write-stubs", value: nil)
  static let promises = Option(name: "--promises", value: nil)
  static let margins = Option(name: "--margins", value: nil)
  static let runs = Option(name: "--runs", value: "N")
  static let mutate = Option(name: "--mutate", value: nil)
  static let count = Option(name: "--count", value: "N")
  static let skip = Option(name: "--skip", value: "N")
  static let again = Option(name: "--again", value: "FILE")

  var usage: String { value.map { "\(name) \($0)" } ?? name }
}

/// A command's words, told apart from its options.
struct CommandLineWords {
  /// The words that are no options, in order.
  private(set) var words: [String] = []
  private var values: [Option: String] = [:]

  /// Tells `arguments` apart; `--option VALUE` and `--option=VALUE` mean the same, `--` ends the options.
  init(_ arguments: [String], of command: String, options: [Option]) throws(GradingError) {
    var rest = arguments[...]
    while let word = rest.popFirst() {
      if word == "--" {
        words += rest
        return
      }
      guard word.hasPrefix("-"), word != "-" else {
        words.append(word)
        continue
      }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      guard let option = options.first(where: { $0.name == name }) else {
        let guess =
          Names.nearest(to: name, of: options.map(\.name)).map { " Did you mean \($0)?" } ?? ""
        throw .usage(
          """
          \(command) has no option \(name).\(guess)
          Its options: \(options.map(\.usage).joined(separator: ", "))
          """)
      }
      guard values[option] == nil else { throw .usage("\(name) is given twice.") }
      if option.value == nil {
        guard parts.count == 1 else { throw .usage("\(name) takes no value.") }
        values[option] = ""
      } else if parts.count == 2 {
        values[option] = String(parts[1])
      } else if let next = rest.first, next == "-" || !next.hasPrefix("-") {
        values[option] = rest.removeFirst()
      }
      guard let value = values[option], option.value == nil || !value.isEmpty else {
        throw .usage("\(name) needs a value: \(option.usage)")
      }
    }
  }

  /// The option's value, empty for one that takes none, or nil when it is not given.
  subscript(option: Option) -> String? { values[option] }

  /// - Throws: ``GradingError/usage(_:)`` unless as many words were given as the command takes.
  func expect(_ count: ClosedRange<Int>, usage: String) throws(GradingError) {
    guard !count.contains(words.count) else { return }
    throw .usage(
      words.count < count.lowerBound
        ? "Something is missing. Usage: \(usage)"
        : "“\(words[count.upperBound])” is too much. Usage: \(usage)")
  }
}
