import Foundation
import Labs
import Testing

@testable import Grading

@Suite struct MutationTests {
  /// The changes that one rule makes to the body of a function, as the lines that then stand there.
  private func changes(_ rule: MutationRule, _ body: String, head: String = "func f()") -> [String]
  {
    let text = "\(head) {\n\(body)\n}\n"
    let base = MutationBase(
      folder: "base", sources: [SourceFile(name: "A.swift", text: text)], linksReference: false)
    return base.mutations().filter { $0.identity.rule == rule }.map {
      $0.identity.after.joined(separator: " ")
    }
  }

  @Test func comparisonsMoveAndTurn() {
    #expect(changes(.comparisonMoved, "x = a < b") == ["x = a <= b"])
    #expect(changes(.comparisonMoved, "x = a >= b") == ["x = a > b"])
    #expect(changes(.comparisonNegated, "x = a < b") == ["x = a >= b"])
    #expect(changes(.comparisonNegated, "x = a == b") == ["x = a != b"])
    #expect(changes(.comparisonMoved, "var x: Array<Int> = []") == [])
    #expect(changes(.boundShifted, "x = a < b") == ["x = a < (b - 1)", "x = a < (b + 1)"])
    #expect(changes(.boundShifted, "x = a < f(b)") == [])
    #expect(changes(.rangeEnd, "for i in 0..<n { }") == ["for i in 0...n { }"])
  }

  @Test func conditionsAreNegatedAndForced() {
    let body = "guard let x = y, x.isEmpty, case .a = x else { return }"
    #expect(
      changes(.conditionForced, body) == [
        "guard let x = y, true, case .a = x else { return }",
        "guard let x = y, false, case .a = x else { return }",
        "guard let x = y, x.isEmpty, true else { return }",
        "guard let x = y, x.isEmpty, false else { return }",
      ])
    #expect(
      changes(.conditionNegated, body) == [
        "guard let x = y, !(x.isEmpty), case .a = x else { return }"
      ])
    #expect(changes(.conditionNegated, "if !done { }") == ["if !(!done) { }", "if done { }"])
    #expect(changes(.conditionForced, "while a { }") == ["while false { }"])
    #expect(
      changes(.elseDropped, "if a { b() } else if c { d() } else { e() }") == [
        "if a { b() }", "if a { b() } else if c { d() }",
      ])
    #expect(changes(.elseDropped, "guard a else { return }") == [])
  }

  @Test func statementsAreLeftOutRepeatedAndSwapped() {
    let body = """
      let a = b
      next[a] = c
        + d
      insert(next, order: 1)
      if a > 0 {
        break
      }
      """
    #expect(
      changes(.statementLeftOut, body) == ["", "", "", ""])
    #expect(
      changes(.statementsSwapped, body) == [
        "insert(next, order: 1) next[a] = c + d"
      ])
    #expect(changes(.callRepeated, body) == ["insert(next, order: 1); insert(next, order: 1)"])
    #expect(
      changes(.callRepeated, "bits |= 1\nmask.formUnion(a)\nlist.append(a)") == [
        "list.append(a); list.append(a)"
      ])
    #expect(changes(.statementsSwapped, "a = 1\nb = c\nc += a") == ["c += a b = c"])
    #expect(
      changes(.earlyReturn, body) == [
        "return; next[a] = c", "return; insert(next, order: 1)", "return; if a > 0 {",
        "return; break",
      ])
    #expect(
      changes(.earlyReturn, "a()\nreturn nil", head: "func f(_ a: Int) throws(E) -> Int?") == [
        "return nil; a()"
      ])
    let cases = "switch a {\ncase .b: c()\ncase .d(let e):\n  f(e)\n  g(e)\ndefault: break\n}"
    #expect(
      changes(.statementLeftOut, cases).dropFirst() == [
        "case .b:", "", "", "default:",
      ])
  }

  @Test func valuesAreOneOff() {
    #expect(changes(.constantChanged, "x = 5") == ["x = 6", "x = 4", "x = 0", "x = 1"])
    #expect(changes(.constantChanged, "x = 0x1F") == ["x = 32", "x = 30", "x = 0", "x = 1"])
    #expect(changes(.constantChanged, "x = pair.0 + 1.5") == [])
    #expect(
      changes(.indexShifted, "x = use[frame]") == ["x = use[(frame) - 1]", "x = use[(frame) + 1]"])
    #expect(
      changes(.textChanged, #"x = "0x""#) == [#"x = """#, #"x = "0""#])
    #expect(
      changes(.elementLeftOut, "x = [.a, .b(1, 2), .c]") == [
        "x = [.b(1, 2), .c]", "x = [.a, .c]", "x = [.a, .b(1, 2)]",
      ])
  }

  @Test func wordsSignsAndArgumentsAreConfused() {
    #expect(
      changes(.operatorSwapped, "x = a & b << -c") == [
        "x = a | b << -c", "x = a & b >> -c", "x = a & b << c",
      ])
    #expect(
      changes(.wordSwapped, "x = min(a, b.first)") == ["x = max(a, b.first)", "x = min(a, b.last)"])
    #expect(
      changes(.argumentsSwapped, "split(block, from: larger, to: order)") == [
        "split(larger, from: block, to: order)", "split(block, from: order, to: larger)",
      ])
    #expect(changes(.argumentsSwapped, "func g(a: Int, b: Int) {}\nx = max(a, b)") == [])
  }

  @Test func typesAndStoredValuesAreNarrowed() {
    #expect(
      changes(.widthNarrowed, "var a: [Int16] = []\nlet b = Int16(1)") == [
        "var a: [Int8] = [] let b = Int8(1)", "var a: [UInt8] = [] let b = UInt8(1)",
        "var a: [UInt16] = [] let b = UInt16(1)",
      ])
    #expect(changes(.widthNarrowed, "a[b] = 4") == [])
    #expect(
      changes(.widthNarrowed, "a[b] = c").first == "a[b] = Int(Int8(truncatingIfNeeded: c))")
  }

  private static let bases = ["one", "two"].map {
    MutationBase(
      folder: $0,
      sources: [
        SourceFile(
          name: "A.swift",
          text: """
            struct \($0) {
              func f() { a(1); b(2, 3) }
              func g() {
                guard c < d else { return }
                h()
                guard c < d else { return }
              }
            }
            """)
      ], linksReference: false)
  }

  @Test func aMutationIsKnownByItsLinesAndFunction() throws {
    let mutations = Self.bases[0].mutations().filter { $0.identity.rule == .comparisonMoved }
    #expect(mutations.map(\.identity.place) == ["g()", "g() #2"])
    #expect(mutations.map(\.line) == [4, 6])
    #expect(mutations[0].identity.before == ["guard c < d else { return }"])
    #expect(mutations[0].identity.after == ["guard c <= d else { return }"])
    #expect(
      mutations[0].difference == [
        "- guard c < d else { return }", "+ guard c <= d else { return }",
      ])
    let lines = mutations[1].sources[0].text.split(separator: "\n")
    #expect(lines[3] == "    guard c < d else { return }")
    #expect(lines[5] == "    guard c <= d else { return }")
  }

  @Test func theSeedDecidesAndNothingComesTwice() {
    let all = Self.bases.flatMap { $0.mutations() }
    let chosen = MutationChoice.choose(1000, of: all, seed: 3).map(\.identity)
    #expect(chosen.count == all.count)
    #expect(Set(chosen).count == all.count)
    #expect(MutationChoice.choose(1000, of: all, seed: 3).map(\.identity) == chosen)
    #expect(MutationChoice.choose(1000, of: all, seed: 4).map(\.identity) != chosen)
    // A later run goes on where an earlier one ended.
    #expect(
      MutationChoice.choose(10, of: all, seed: 3, skipping: 7).map(\.identity)
        == Array(chosen[7..<17]))
    // Every rule comes first, then every rule from the other base.
    let rules = Set(all.map(\.identity.rule))
    #expect(Set(chosen.prefix(rules.count).map(\.rule)) == rules)
    let first = chosen.filter { $0.rule == .constantChanged }.prefix(2).map(\.base)
    #expect(Set(first) == ["one", "two"])
  }

  @Test func whatIsNoFaultIsRead() throws {
    let text = """
      # judged by hand
      base: Solutions/Boxes
      in: Boxes.swift free(_:order:) #2
      rule: range-end
      - a ..< b
      + a ... b
      why: b is never asked for

      base: x
      in: A.swift f()
      rule: statement-left-out
      - g()
      why: it does nothing
      """
    let read = try Equivalents(parsing: text, named: "equivalent")
    #expect(read.entries.map(\.line) == [2, 9])
    #expect(read.entries[0].identity.place == "free(_:order:) #2")
    #expect(read.entries[0].identity.after == ["a ... b"])
    #expect(read.entries[1].identity.after == [])
    #expect(read.entries[1].reason == "it does nothing")
  }

  @Test(arguments: [
    ("base: x\nrule: range-end\nwhy: y", "e:1: “in:” is missing"),
    ("base: x\nin: A\nrule: range-end\nwhy: y", "e:1: “in:” names a file and a function"),
    ("base: x\nin: A f\nrule: range-end", "e:1: “why:” is missing"),
    ("base: x\nbelief: y", "e:2: expected base:, in:, rule:, why:, - or +, found “belief: y”"),
    (
      "base: x\nin: A f\nrule: range-end\nwhy: y\n\n\nbase: x\nin: A f\nrule: range-end\nwhy: z",
      "e:7: the same stands at line 1"
    ),
  ])
  func aWrongEntryIsExplained(text: String, message: String) {
    let error = #expect(throws: GradingError.self) { try Equivalents(parsing: text, named: "e") }
    #expect(error?.message == message)
  }
}

extension Lab {
  /// A shelf whose only check never has the time to tell.
  fileprivate static let slowBoxes = Lab(
    id: "Boxes", title: "", subjectType: "Boxes", contract: "Shelf",
    vocabulary: Lab.boxes.vocabulary,
    checks: [
      Check(
        id: "slow", title: "", rule: "", kind: .example, points: 100, lesson: "", hints: [],
        examine: { _ in .unfinished(reason: "Time is up.") })
    ], narrate: Lab.boxes.narrate)
}

/// Builds by what the source says: only the first condition makes a good shelf.
private struct ConditionWorkshop: Workshop {
  func confinement() -> ConfinementSummary { ConfinementSummary(inForce: []) }

  func build(_ sources: [SourceFile], for lab: Lab, as kind: BuildKind) throws -> any Build {
    let text = sources[0].text
    if text.contains("true") { throw BuildFailure(title: "no", message: "no") }
    return text.contains("a < b")
      ? FakeWorkshop.FakeBuild { FakeSubject<GoodShelf>() }
      : FakeWorkshop.FakeBuild { FakeSubject<SameBox>() }
  }
}

@Suite struct MutationRunTests {
  private let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.put(
      "import LabKit\nfunc take() -> Int? {\n  if a < b { slow() }\n}\n",
      at: "Solutions/Boxes/Boxes.swift")
  }

  private func finding(
    _ count: Int = 100, again: String? = nil
  ) throws -> [MutationRun.Finding] {
    let course = try Course.find(directory: sandbox.root, start: "/", labs: [.boxes, .lids])
    var run = MutationRun(grader: Grader(course: course, workshop: ConditionWorkshop()))
    run.count = count
    run.again = again.map { (sandbox.path($0), $0) }
    return try run.run([.boxes])
  }

  @Test func survivorsArePrinted() throws {
    let findings = try finding()
    let report = MutationReport(findings)
    #expect(!report.isClean)
    #expect(
      report.text.hasSuffix(
        """
        Caught first by
          take-one          0
          no-doubles        0
          give-back         0
          empty-shelf       6
          speed             0

        Boxes, seed 1: 12 of 12 mutations; 1 do not compile, 6 are caught, 5 pass every check, of which 0 are listed as no fault

        """), "\(report.text)")
    #expect(
      report.text.contains(
        """

        # Solutions/Boxes/Boxes.swift:3
        base: Solutions/Boxes
        in: Boxes.swift take()
        rule: condition-negated
        - if a < b { slow() }
        + if !(a < b) { slow() }

        """), "\(report.text)")
  }

  @Test func whatIsListedIsNoDefect() throws {
    let entries = try finding()[0].unlisted.map {
      "base: \($0.identity.base)\nin: \($0.identity.file) \($0.identity.place)\nrule: \($0.identity.rule.rawValue)\n"
        + $0.difference.joined(separator: "\n") + "\nwhy: tests\n"
    }
    try sandbox.put(entries.joined(separator: "\n"), at: "grading/Boxes/equivalent")
    let report = MutationReport(try finding())
    #expect(report.isClean)
    #expect(report.text.contains("5 pass every check, of which 5 are listed as no fault"))
    #expect(report.json.contains("\"reason\" : \"tests\""))

    try sandbox.put(
      """
      base: Solutions/Boxes
      in: Boxes.swift take()
      rule: statement-left-out
      - gone()
      why: tests

      base: Solutions/Boxes
      in: Boxes.swift take()
      rule: comparison-negated
      - if a < b { slow() }
      + if a >= b { slow() }
      why: tests
      """, at: "grading/Boxes/equivalent")
    let other = MutationReport(try finding())
    #expect(!other.isClean)
    #expect(
      other.text.contains(
        "  ✘ grading/Boxes/equivalent:1: no mutation is like this any more\n"), "\(other.text)")
  }

  /// Neither caught nor a survivor: on a machine with more time it may be either.
  @Test func timeThatRanOutTellsNothing() throws {
    let course = try Course.find(directory: sandbox.root, start: "/", labs: [.boxes, .lids])
    let run = MutationRun(grader: Grader(course: course, workshop: ConditionWorkshop()))
    let report = MutationReport(try run.run([.slowBoxes]))
    #expect(
      report.text.hasSuffix(
        "1 do not compile, 0 are caught, in 11 time ran out, 0 pass every check, of which 0 are listed as no fault\n"
      ), "\(report.text)")
  }

  @Test func survivorsAreTriedAgain() throws {
    let first = MutationReport(try finding())
    try sandbox.put(first.json, at: "first.json")
    let again = try finding(again: "first.json")
    #expect(again[0].mutations.map(\.identity).count == 5)
    #expect(
      Set(again[0].unlisted.map(\.identity)) == Set(first.findings[0].unlisted.map(\.identity)))
    try sandbox.put("{}", at: "other.json")
    let error = #expect(throws: GradingError.self) { try finding(again: "other.json") }
    #expect(error?.message == "other.json is not what grade audit --mutate --json writes.")
  }

  @Test func theCommandLineIsRead() throws {
    let run = sandbox.grade("audit", "Boxes", "--count", "3")
    #expect(run.status == 2)
    #expect(
      run.errors.hasPrefix(
        "grade: --count goes with --mutate: grade audit --mutate LAB --count N\n"))
    #expect(
      sandbox.grade("audit", "Boxes", "--mutate", "--count", "0").errors.hasPrefix(
        "grade: --count takes a whole number from 1 to 100000, not “0”.\n"))
    // The sandbox's own workshop finds no shelf in these sources.
    let short = sandbox.grade(
      "audit", "--mutate", "Boxes", "--count=2", "--seed", "9", "--skip", "1")
    #expect(
      short.output.hasSuffix(
        "Boxes, seed 9: 2 of 12 mutations; 2 do not compile, 0 are caught, 0 pass every check, of which 0 are listed as no fault\n"
      ), "\(short.output)")
    #expect(short.status == 0)
  }

  @Test func aRunMayBeShort() throws {
    #expect(try finding(2)[0].mutations.count == 2)
  }
}
