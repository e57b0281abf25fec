import Foundation

/// All that a build product was made from, as bytes that say nothing else.
///
/// Each part is preceded by its length: no name or text, whatever it holds, reads as the end of one part and the
/// beginning of another, so no two lists of parts have one key.
struct BuildKey: Hashable, Sendable {
  private(set) var bytes: [UInt8] = []

  init(_ parts: String...) {
    for part in parts { add(part) }
  }

  mutating func add(_ part: String) {
    bytes += Array("\(part.utf8.count):".utf8)
    bytes += Array(part.utf8)
  }

  /// Adds how many files there are, and each one's name and text.
  mutating func add(files: [SourceFile]) {
    add("\(files.count)")
    for file in files {
      add(file.name)
      add(file.text)
    }
  }

  /// Names the key's folder in the cache, which keeps the whole key and compares it: FNV-1a of 64 bits, in hexadecimal.
  var hash: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }
}
