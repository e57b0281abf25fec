import Labs

extension TextReport {
  /// The one thing to do now, in one or two lines.
  ///
  /// The first lab that somebody is at work on comes before those that nobody has opened. In it come first what is wrong, then
  /// what is too slow, then what is not begun, each in the lab's order.
  var next: [String] {
    if let lab = result.labs.first(where: { !$0.isUntouched && !$0.isSolved }) {
      return next(in: lab)
    }
    if let lab = result.labs.first(where: \.isUntouched) { return begin(lab.lab) }
    if let lab = result.labs.first(where: \.isPartial) {
      return step("What was named is right. The whole lab:", commands.grade(lab.lab))
    }
    if result.labs.contains(where: { !$0.isDone }) {
      return lines("What is missing could not be judged on this machine.")
    }
    if result.labs.count == courseLabs.count {
      return ["Nothing: every lab of the course is solved. Well done!"]
    }
    let places = result.labs.compactMap { lab in courseLabs.firstIndex { $0.id == lab.lab.id } }
    guard let last = places.max(), last + 1 < courseLabs.count else {
      return step("See where all labs of the course stand:", Commands.grade + commands.suffix)
    }
    return begin(courseLabs[last + 1])
  }

  private func begin(_ lab: Lab) -> [String] {
    step("\(lab.id) (\(lab.title)): read", commands.lesson(lab))
  }

  private func next(in lab: LabResult) -> [String] {
    switch lab.outcome {
    case .untouched: return begin(lab.lab)
    case .refused: return lines("Put the files of \(lab.lab.id) in order, as said above.")
    case .notBuilt:
      return lines("Mend what the compiler names first above, and grade \(lab.lab.id) again.")
    case .judged(let checks):
      let wrong = checks.filter { $0.counterexample != nil && !$0.isUnbegun }
      let causes = wrong.filter { lab.cause(of: $0) == nil }
      if let check = causes.first ?? wrong.first {
        let command = commands.replay(check, of: lab.lab) ?? commands.hint(check.check, of: lab.lab)
        return step("\(check.check.title):", command)
      }
      if let check = checks.first(where: \.isUnfinished) {
        return step(
          "Make it faster: \(check.check.title):", commands.hint(check.check, of: lab.lab))
      }
      if let check = checks.first(where: \.isUnbegun), let method = check.notBegun.first {
        let lesson = commands.lesson(lab.lab, check.check.lesson)
        return step(
          "Write \(method.name) at \(places.file(lab.lab, method.file)):\(method.line); read",
          lesson)
      }
      return []
    }
  }

  /// Words, and what to type or to open: in one line where both have room.
  private func step(_ words: String, _ what: String) -> [String] {
    let columns = style.width - Self.indent
    let words = Style.lines(words, columns: columns)
    return words.count == 1 && words[0].columns + 1 + what.columns <= columns
      ? ["\(words[0]) \(what)"] : words + [what]
  }

  private func lines(_ text: String) -> [String] {
    Style.lines(text, columns: style.width - Self.indent)
  }
}

extension LabResult {
  /// Whether nothing that was run leaves anything to do.
  fileprivate var isSolved: Bool {
    !checks.isEmpty
      && checks.allSatisfy { check in
        if case .notJudged = check.verdict { true } else { check.passed }
      }
  }

  /// The failed check that another check's failure follows from; nil where the failure stands for itself.
  func cause(of result: CheckResult) -> CheckResult? {
    guard let id = result.counterexample?.followsFrom, id != result.check.id else { return nil }
    return checks.first { $0.check.id == id && $0.counterexample != nil && !$0.isUnbegun }
  }
}

extension CheckResult {
  /// Whether time ran out before everything was tried.
  var isUnfinished: Bool {
    if case .unfinished = verdict { true } else { false }
  }
}
