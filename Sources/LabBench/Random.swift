#if KIT_WORKER
  /// Where the numbers of `Int.random`, `shuffled` and their like come from in a worker: SplitMix64, from the same
  /// start in every trace, so that a submission that uses them gets the same score on every run.
  ///
  /// Not in the kit's other programs, whose random numbers are nobody's business here.
  nonisolated(unsafe) private var state: UInt64 = 0

  /// Starts the numbers anew, before a trace.
  func restartRandomNumbers() { state = 0x6b6d_656d_6c61_6273 }

  /// The standard library's own source of random bytes, in whose place this one is linked.
  @_cdecl("swift_stdlib_random")
  public func seededRandomBytes(_ buffer: UnsafeMutableRawPointer, _ count: Int) {
    var word: UInt64 = 0
    for index in 0..<count {
      if index % 8 == 0 {
        state &+= 0x9e37_79b9_7f4a_7c15
        word = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        word ^= word >> 31
      }
      buffer.storeBytes(of: UInt8(truncatingIfNeeded: word), toByteOffset: index, as: UInt8.self)
      word >>= 8
    }
  }
#else
  func restartRandomNumbers() {}
#endif
