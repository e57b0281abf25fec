/// Which requests an injected failure hits: a rule, a limit, and filters.
///
/// Requests are counted from 1 after the filters. The rules combine: of every ``interval``-th request, a share of
/// ``probability`` fails, until ``times`` have failed. Source: `struct fault_attr` in
/// `include/linux/fault-inject.h`; the filters are those of `mm/fail_page_alloc.c` and `mm/failslab.c`.
public struct FaultPattern: Hashable, Sendable {
  /// Every how many requests one is a candidate; at least 1.
  public var interval: Int
  /// The share of candidates that fail, 0 to 1 (Linux: per cent).
  public var probability: Double
  /// How many failures there are in all; nil for no limit (Linux: -1).
  public var times: Int?
  /// How much is served first, whatever the other rules say: bytes for objects, pages for pages.
  public var space: Int
  /// Decides with which candidates ``probability`` meets; the same seed gives the same ones.
  public var seed: UInt64

  /// Spares requests that may sleep (`ignore-gfp-wait`). Linux starts with yes.
  public var sparesBlocking: Bool
  /// Spares requests for high memory (`ignore-gfp-highmem`). Linux starts with yes.
  public var sparesHighMemory: Bool
  /// Spares blocks of a smaller order (`min-order`). Linux starts with 1.
  public var minimumOrder: Int

  public init(
    interval: Int = 1, probability: Double = 1, times: Int? = nil, space: Int = 0, seed: UInt64 = 0,
    sparesBlocking: Bool = false, sparesHighMemory: Bool = false, minimumOrder: Int = 0
  ) {
    self.interval = interval
    self.probability = probability
    self.times = times
    self.space = space
    self.seed = seed
    self.sparesBlocking = sparesBlocking
    self.sparesHighMemory = sparesHighMemory
    self.minimumOrder = minimumOrder
  }

  /// The n-th request fails, and no other (`fail-nth`).
  public static func nth(_ number: Int) -> FaultPattern {
    FaultPattern(interval: number, times: 1)
  }

  /// Every n-th request fails.
  public static func every(_ number: Int) -> FaultPattern { FaultPattern(interval: number) }

  /// Requests fail by chance, with a probability of 0 to 1; the same seed fails the same requests.
  public static func probability(_ share: Double, seed: UInt64) -> FaultPattern {
    FaultPattern(probability: share, seed: seed)
  }

  /// Reads the kernel parameter's form, `<interval>,<probability>,<space>,<times>`: per cent, and -1 for no limit.
  ///
  /// - Throws: ``FaultPatternError``. Source: `setup_fault_attr` in `lib/fault-inject.c`.
  public init(parsing text: String) throws(FaultPatternError) {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 4, let interval = numbers[0], let percent = numbers[1],
      let space = numbers[2], let times = numbers[3]
    else { throw .badText(text) }
    self.init(
      interval: interval, probability: Double(percent) / 100, times: times == -1 ? nil : times,
      space: space)
    try check()
  }

  func check() throws(FaultPatternError) {
    if interval < 1 { throw .outOfRange("interval", "\(interval)", "1 or more") }
    if !(0...1).contains(probability) {
      throw .outOfRange("probability", "\(probability)", "0 to 1")
    }
    if let times, times < 0 { throw .outOfRange("times", "\(times)", "0 or more, or no limit") }
    if space < 0 { throw .outOfRange("space", "\(space)", "0 or more") }
    if !(0...maxOrder).contains(minimumOrder) {
      throw .outOfRange("minimum order", "\(minimumOrder)", "0 to \(maxOrder)")
    }
  }
}

/// Why a pattern of failures makes no sense.
public enum FaultPatternError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A member has a value beyond what it can be.
  case outOfRange(_ member: String, _ value: String, _ allowed: String)
  /// Not four numbers between commas.
  case badText(String)

  public var description: String {
    switch self {
    case .outOfRange(let member, let value, let allowed):
      "fault injection: the \(member) is \(value); give \(allowed)"
    case .badText(let text):
      "fault injection: '\(text)' is not of the form <interval>,<probability>,<space>,<times>, "
        + "four whole numbers such as 100,10,0,-1"
    }
  }
}
