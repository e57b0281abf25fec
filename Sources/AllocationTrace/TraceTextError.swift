/// Why a text is not a trace: the line, its text, and what was expected there.
public struct TraceTextError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Number of the line, counted from 1.
  public let line: Int
  /// The line's text, cut after 200 bytes.
  public let text: String
  /// What was expected and what stands there instead, in one sentence without its full stop.
  public let reason: String

  public init(line: Int, text: String, reason: String) {
    self.line = line
    self.text = text
    self.reason = reason
  }

  /// `line 7: expected order=NUMBER, found ordr=0`, and the line itself below it.
  public var description: String {
    text.isEmpty ? "line \(line): \(reason)" : "line \(line): \(reason)\n  \(text)"
  }
}
