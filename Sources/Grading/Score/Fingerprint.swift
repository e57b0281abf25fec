extension [SourceFile] {
  /// A number that follows from every byte of the files.
  ///
  /// It goes into the seeds of checks of speed: a student knows the course's seed, but to change a file in view of the trace
  /// that will be timed changes that trace. So answers cannot be worked out ahead and stored, and the same submission is
  /// still timed on the same trace everywhere. FNV-1a, 64 bits, over each name and text with its length before it.
  var fingerprint: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    for file in self {
      for text in [file.name, file.text] {
        for shift in stride(from: 0, to: 64, by: 8) {
          add(UInt8(truncatingIfNeeded: text.utf8.count >> shift))
        }
        text.utf8.forEach(add)
      }
    }
    return hash
  }
}
