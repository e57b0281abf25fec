/// Derives the seed of one check from the seed of the course: FNV-1a over the check's id, mixed by SplitMix64.
///
/// The same submission so meets the same traces on every run and every machine.
public func checkSeed(course: UInt64, check id: String) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in id.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
  var z = (course &+ hash) &+ 0x9e37_79b9_7f4a_7c15
  z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
  z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
  return z ^ (z >> 31)
}
