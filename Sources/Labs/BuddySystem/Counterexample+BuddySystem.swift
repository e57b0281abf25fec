import AllocationTrace
import LabBench
import LabKit

extension Finding {
  /// The finding as the report shows it.
  var counterexample: Counterexample {
    // What comes after the step that broke the rule is of no use, but for the window that shows it.
    var end = index
    if index + 1 < operations.count, operations[index + 1] == BuddySystemOperation.show {
      end += 1
    }
    var transcript = transcript
    if transcript.outcomes.count > end + 1 || end + 1 < operations.count {
      if transcript.outcomes.count > end { transcript.ending = .complete }
      transcript.outcomes = Array(transcript.outcomes.prefix(end + 1))
    }
    let operations = Array(operations.prefix(end + 1))
    return Counterexample(
      operations: operations, transcript: transcript,
      steps: steps(operations, transcript), expected: fault.expected, found: fault.found,
      picture: picture(operations, transcript))
  }

  private func steps(_ operations: [TraceOperation], _ transcript: Transcript) -> [String] {
    operations.indices.compactMap { index in
      guard operations[index].isMove else { return nil }
      guard transcript.outcomes.indices.contains(index) else {
        return index == transcript.outcomes.count
          ? Words.step(operations, transcript.outcomes, index, answered: false) : nil
      }
      guard transcript.outcomes[index] != .skipped else { return nil }
      return Words.step(operations, transcript.outcomes, index)
    }
  }

  /// Memory before and after the last step, with a line that explains the signs.
  private func picture(_ operations: [TraceOperation], _ transcript: Transcript) -> [String] {
    func drawing(upTo count: Int, window: Int) -> String? {
      guard window < transcript.outcomes.count,
        case .numbers(let numbers) = transcript.outcomes[window],
        let blocks = FreeBlock.list(numbers),
        var walk = Walk(operations, Array(transcript.outcomes.prefix(count)))
      else { return nil }
      while (try? walk.next()) != nil {}
      return Words.picture(walk, window: blocks)
    }
    guard transcript.outcomes.first == .done else { return bootPicture(operations) }
    let shows = operations.indices.filter { operations[$0] == BuddySystemOperation.show }
    let last = operations.indices.last { operations[$0].isMove } ?? 0
    let before = shows.last { $0 < last }.flatMap { drawing(upTo: $0 + 1, window: $0) }
    let after = shows.last { $0 > last }.flatMap { drawing(upTo: $0 + 1, window: $0) }
    guard before != nil || after != nil else { return [] }
    var lines: [String] = []
    if let before { lines.append(before + (after == nil ? "" : "   before")) }
    if let after { lines.append(after + (before == nil ? "" : "   after")) }
    let signs = Set(lines.joined())
    var legend = ["█ in use", "a digit and dots: a free block of that order"]
    if signs.contains("?") { legend.append("? neither in use nor free") }
    if signs.contains("!") { legend.append("! more than one of these") }
    if signs.contains("|") { legend.append("| border of zones") }
    if let machine = operations.first?.bootLayout.flatMap(Machine.init) {
      lines.append(machine.words + ": " + legend.joined(separator: ", "))
    }
    return lines
  }

  /// The memory of a machine that never came to boot.
  private func bootPicture(_ operations: [TraceOperation]) -> [String] {
    guard let machine = operations.first?.bootLayout.flatMap(Machine.init),
      let drawing = Words.picture(of: machine, glyphs: { _ in "░" })
    else { return [] }
    return [
      drawing,
      machine.words + ": ░ usable"
        + (drawing.contains(" ") ? ", a gap: a hole" : "")
        + (drawing.contains("|") ? ", | border of zones" : ""),
    ]
  }
}
