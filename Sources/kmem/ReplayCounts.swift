/// Why an operation of a recording was not performed on the reference.
enum ReplaySkip: Int, CaseIterable {
  /// The kernel version has no such GFP mask.
  case unknownMask
  /// The reference had no memory for the request.
  case unserved
  /// Gives back, or splits, what the reference did not serve.
  case notServed
  /// Names something that is not live in the recording.
  case noBlock
  /// The reference refused the call.
  case refused

  var description: String {
    switch self {
    case .unknownMask: "GFP mask that this kernel version does not have"
    case .unserved: "request that the reference could not serve: memory is short"
    case .notServed: "free or split of what the reference did not serve"
    case .noBlock: "handle that names nothing live"
    case .refused: "call that the reference refused"
    }
  }

  /// The key in JSON.
  var key: String {
    switch self {
    case .unknownMask: "unknownMask"
    case .unserved: "unserved"
    case .notServed: "freeOfUnserved"
    case .noBlock: "noLiveBlock"
    case .refused: "refused"
    }
  }
}

/// What a replay did.
struct ReplayCounts {
  var allocations = 0
  var frees = 0
  var splits = 0
  var skipped = [Int](repeating: 0, count: ReplaySkip.allCases.count)
  /// Requests that the reference could not serve, by order.
  var unservedByOrder = [Int](repeating: 0, count: 11)
  /// The first calls that the reference refused.
  var refusals: [String] = []

  var livePages = 0
  var peakPages = 0
  var liveBlocks = 0
  var pagesStamped = 0
  var pagesVerified = 0
  /// Pages whose stamp was gone.
  var damaged = 0
  /// Times that all invariants were checked.
  var checks = 0

  /// Page operations that the reference performed.
  var performed: Int { allocations + frees + splits }

  mutating func skip(_ reason: ReplaySkip) { skipped[reason.rawValue] &+= 1 }

  mutating func unserved(order: Int) {
    skip(.unserved)
    unservedByOrder[order] += 1
  }

  /// Keeps the reference's words about a call that it refused.
  mutating func note(_ message: String) {
    if refusals.count < 8 { refusals.append(message) }
  }
}
