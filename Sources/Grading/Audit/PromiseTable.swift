import Labs

/// What a lab promises, beside the checks that hold a submission to it.
public enum PromiseTable {
  /// One row for each promise: its words, its checks, and the edges that they try.
  public static func text(_ lab: Lab, style: Style = Style()) -> String {
    let width = style.width - 4
    var lines = [style.bold("\(lab.id): \(lab.promises.count) promises")]
    for promise in lab.promises {
      lines.append("")
      lines += Style.lines(promise.text, columns: width).map { "  \($0)" }
      let checks = promise.checks.isEmpty ? "no check" : promise.checks.joined(separator: ", ")
      lines += Style.lines("\(checks): \(promise.edges)", columns: width - 4).enumerated().map {
        ($0 == 0 ? "    → " : "      ") + $1
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
