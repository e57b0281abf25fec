import AllocationTrace

extension Transcript.Ending {
  /// Why a run ended early, in words for a student; the same in every check of every lab.
  ///
  /// Nil when it did not end early, and when time ran out: then nothing is known of the operation that would have come next.
  /// How long was waited depends on what ran before, so the words do not say it.
  public var stopInWords: String? {
    switch self {
    case .complete, .outOfTime: nil
    case .crashed(let message): "the program stopped: \(message)"
    case .timedOut(_, .computing):
      "the call does not return in time: an endless loop, or very slow work?"
    case .timedOut(_, .waiting): "the call does not return: it sleeps, or waits for something"
    case .timedOut(_, .printing): "the call does not return: it prints without end"
    case .garbled(let what): "what came back is no answer: \(what)"
    }
  }
}
