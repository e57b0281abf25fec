/// When a replay checks all of the machine's invariants; at the end it always does.
enum CheckMode: Equatable, CustomStringConvertible {
  /// When as many page operations have passed as the machine has frames, so that the whole stays linear.
  case amortised
  /// After every page operation.
  case every
  /// After every so many page operations.
  case steps(Int)
  /// At the end alone.
  case end

  /// Reads the value of `--check`; nil when it is none.
  init?(_ text: String) {
    switch text {
    case "every": self = .every
    case "end": self = .end
    case "amortised": self = .amortised
    default:
      guard let steps = Int(text), steps > 0 else { return nil }
      self = .steps(steps)
    }
  }

  /// Page operations from one check to the next, on a machine of `frames` frames.
  func interval(frames: Int) -> Int {
    switch self {
    case .amortised: max(1, frames)
    case .every: 1
    case .steps(let steps): steps
    case .end: .max
    }
  }

  var description: String {
    switch self {
    case .amortised: "amortised"
    case .every: "every"
    case .steps(let steps): String(steps)
    case .end: "end"
    }
  }
}
