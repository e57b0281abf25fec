import Foundation

/// Makes a lab's stub from its solution: drops the marked regions and keeps what they say in their place.
///
/// Lines from `// BEGIN SOLUTION` to `// END SOLUTION` are dropped; of these, a line `// STUB: text` leaves `text`.
public enum StubGenerator {
  static let begin = "// BEGIN SOLUTION"
  static let end = "// END SOLUTION"
  static let keep = "// STUB:"

  /// The stub of one file.
  ///
  /// - Throws: ``GradingError/usage(_:)`` naming the file, the line and the marker that is wrong.
  public static func stub(of solution: SourceFile, named name: String? = nil) throws(GradingError)
    -> SourceFile
  {
    let name = name ?? solution.name
    var lines: [Substring] = []
    var opened: Int?
    var number = 0
    for line in solution.lines {
      number += 1
      let text = line.drop { $0 == " " }.trimmed
      if text == begin {
        if let opened {
          throw .usage(
            "\(name):\(number): “\(begin)” within the region that line \(opened) opened; regions do not nest."
          )
        }
        opened = number
      } else if text == end {
        guard opened != nil else {
          throw .usage("\(name):\(number): “\(end)” closes nothing.")
        }
        opened = nil
      } else if text.hasPrefix(keep) {
        guard opened != nil else {
          throw .usage("\(name):\(number): “\(keep)” stands outside of a marked region.")
        }
        let kept = text.dropFirst(keep.count).drop { $0 == " " }
        let indentation = line.prefix { $0 == " " }
        lines.append(kept.isEmpty ? "" : indentation + kept)
      } else if line.contains("BEGIN SOLUTION") || line.contains("END SOLUTION") {
        // A marker with a slip would hand the solution out.
        throw .usage(
          "\(name):\(number): a marker is a line of its own, exactly “\(begin)” or “\(end)”.")
      } else if opened == nil {
        lines.append(line)
      }
    }
    if let opened {
      throw .usage("\(name):\(opened): “\(begin)” is never closed.")
    }
    return SourceFile(name: solution.name, text: lines.joined(separator: "\n"))
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = self
    while let last = text.last, last == " " || last == "\r" { text.removeLast() }
    return text
  }
}
