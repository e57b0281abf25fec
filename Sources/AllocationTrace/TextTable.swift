/// Texts that recur in a recording, each made once and named by a small number.
public struct TextTable: Sendable {
  /// Texts beyond this many are all called ``other``, so that no file makes the table grow without end.
  public static let capacity = 4096

  /// The texts, by their numbers; number 0 is the empty text.
  public private(set) var texts: [String] = [""]
  /// The bytes of all texts, one after the other, and where each ends.
  private var bytes: [UInt8] = []
  private var ends: [Int] = [0]
  /// Numbers of texts, open-addressed by hash; 0 where there is none.
  private var slots = [Int32](repeating: 0, count: 4 * TextTable.capacity)

  /// What a text is called that came after the table was full.
  public static let other = "(other)"

  public init() {}

  /// The text called `number`.
  public subscript(_ number: Int32) -> String { texts[Int(number)] }

  /// The number of the text of `bytes`, which is made when it is new. Expected O(number of bytes).
  public mutating func number(_ text: UnsafeBufferPointer<UInt8>) -> Int32 {
    if text.isEmpty { return 0 }
    var place = hash(text) & (slots.count - 1)
    while slots[place] != 0 {
      if isEqual(Int(slots[place]), text) { return slots[place] }
      place = (place + 1) & (slots.count - 1)
    }
    guard texts.count < Self.capacity else { return Int32(Self.capacity) - 1 }
    let isLast = texts.count == Self.capacity - 1
    if !isLast { bytes += text }
    ends.append(bytes.count)
    texts.append(isLast ? Self.other : String(decoding: text, as: UTF8.self))
    if !isLast { slots[place] = Int32(texts.count - 1) }
    return Int32(texts.count - 1)
  }

  /// The number of `text`, which is made when it is new.
  public mutating func number(_ text: String) -> Int32 {
    var text = text
    return text.withUTF8 { number($0) }
  }

  private func hash(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    let raw = UnsafeRawBufferPointer(text)
    var hash = UInt64(text.count)
    var place = 0
    while place + 8 <= text.count {
      hash =
        (hash ^ raw.loadUnaligned(fromByteOffset: place, as: UInt64.self)) &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash >> 29
      place += 8
    }
    while place < text.count {
      hash = (hash ^ UInt64(raw[place])) &* 0x0100_0000_01b3
      place += 1
    }
    hash ^= hash >> 32
    return Int(truncatingIfNeeded: hash ^ hash >> 16)
  }

  private func isEqual(_ number: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = ends[number - 1]
    guard ends[number] - start == text.count else { return false }
    return bytes.withUnsafeBytes { known in
      let known = UnsafeRawBufferPointer(rebasing: known[start..<start + text.count])
      let text = UnsafeRawBufferPointer(text)
      var place = 0
      while place + 8 <= text.count {
        let (a, b) = (
          known.loadUnaligned(fromByteOffset: place, as: UInt64.self),
          text.loadUnaligned(fromByteOffset: place, as: UInt64.self)
        )
        if a != b { return false }
        place += 8
      }
      while place < text.count, known[place] == text[place] { place += 1 }
      return place == text.count
    }
  }
}
