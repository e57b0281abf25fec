/// A small random number generator with one word of state: the same seed gives the same numbers everywhere.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator whose numbers follow from `seed` alone; every seed is a good one.
  public init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A random number from 0 to `largest`, all equally likely.
  ///
  /// Spelled out here so that a seed means the same with every version of the standard library.
  /// Source: Lemire, "Fast random integer generation in an interval", ACM TOMACS 29, 2019.
  public mutating func next(upTo largest: UInt64) -> UInt64 {
    guard largest < .max else { return next() }
    let count = largest + 1
    var product = next().multipliedFullWidth(by: count)
    if product.low < count {
      let tooLow = (0 &- count) % count
      while product.low < tooLow { product = next().multipliedFullWidth(by: count) }
    }
    return product.high
  }

  /// A random index below `count`, which must be above 0.
  mutating func index(below count: Int) -> Int { Int(next(upTo: UInt64(count - 1))) }
}
