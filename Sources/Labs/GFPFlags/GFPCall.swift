import AllocationTrace
import LabBench
import LabKit

/// One call of a method of the contract: what a question of this lab asks.
enum GFPCall: Sendable {
  /// `mask(of:)`, with the type's name in the kernel.
  case type(String)
  /// A method whose one argument is a mask.
  case mask(GFPFlagsVerb, UInt32)
  case zones(UInt32, GFPMachine)
  case watermark(UInt32, min: Int)
  case flags(GFPSituation)
  case parse(String)

  /// The call as an operation of a trace.
  var operation: TraceOperation {
    switch self {
    case .type(let name): GFPFlagsOperation.value(of: name)
    case .mask(let verb, let mask): GFPFlagsOperation.ask(verb, mask)
    case .zones(let mask, let machine): GFPFlagsOperation.zones(for: mask, on: machine)
    case .watermark(let mask, let min): GFPFlagsOperation.watermark(for: mask, min: min)
    case .flags(let situation): GFPFlagsOperation.flags(for: situation)
    case .parse(let text): GFPFlagsOperation.parse(text)
    }
  }

  /// The mask that the call is about; none where it is about something else.
  var mask: UInt32 {
    switch self {
    case .mask(_, let mask), .zones(let mask, _), .watermark(let mask, _): mask
    case .type, .flags, .parse: 0
    }
  }

  /// What a call is ordered by: the smaller, the sooner a student sees at a glance what it asks.
  ///
  /// Fewest bits come first, then the plainest machine or the smallest watermark, then familiar masks; of texts those with the
  /// fewest parts, then the shortest. Calls that differ have different sizes.
  struct Size: Comparable {
    let numbers: [Int]
    var text = ""

    static func < (left: Size, right: Size) -> Bool {
      if left.numbers != right.numbers {
        return left.numbers.lexicographicallyPrecedes(right.numbers)
      }
      return left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// Compared byte by byte: two spellings of one character are two texts here.
    static func == (left: Size, right: Size) -> Bool {
      left.numbers == right.numbers && left.text.utf8.elementsEqual(right.text.utf8)
    }
  }

  var size: Size {
    switch self {
    case .type(let name):
      return Size(numbers: [GFPMasks.types.firstIndex(of: GFPModel.bits(name)) ?? 0])
    case .mask(let verb, let mask):
      return Size(
        numbers: [mask.nonzeroBitCount, GFPMasks.rank(mask), Int(mask), Int(verb.rawValue)])
    case .zones(let mask, let machine):
      let place = GFPMachine.all.firstIndex(of: machine) ?? 0
      return Size(numbers: [mask.nonzeroBitCount, place, GFPMasks.rank(mask), Int(mask)])
    case .watermark(let mask, let min):
      return Size(numbers: [mask.nonzeroBitCount, min, GFPMasks.rank(mask), Int(mask)])
    case .flags(let situation):
      return Size(numbers: [GFPSituation.all.firstIndex(of: situation) ?? 0])
    case .parse(let text):
      let scalars = text.unicodeScalars
      return Size(
        numbers: [
          scalars.count { $0 == "|" }, scalars.count, scalars.count { !(0x20..<0x7f ~= $0.value) },
        ], text: text)
    }
  }

  /// `calls` with the smallest first, each once.
  static func sorted(_ calls: [GFPCall]) -> [GFPCall] {
    let sized = calls.map { (call: $0, size: $0.size) }.sorted { $0.size < $1.size }
    return sized.indices.filter { $0 == 0 || sized[$0].size != sized[$0 - 1].size }
      .map { sized[$0].call }
  }
}

// MARK: Smaller calls

extension GFPCall {
  /// Calls of the same method that are smaller than this one, the smallest first: what is tried in its place when it goes wrong.
  var smaller: [GFPCall] {
    let own = size
    return Self.sorted(candidates).filter { $0.size < own }
  }

  private var candidates: [GFPCall] {
    switch self {
    case .type: return GFPModel.types.map { .type($0.name) }
    case .mask(let verb, let mask): return GFPMasks.smaller(than: mask).map { .mask(verb, $0) }
    case .zones(let mask, let machine):
      return GFPMasks.smaller(than: mask).map { .zones($0, machine) }
        + GFPMachine.all.map { .zones(mask, $0) }
    case .watermark(let mask, let min):
      return GFPMasks.smaller(than: mask).flatMap { smaller in
        [min, 8, 659].map { GFPCall.watermark(smaller, min: $0) }
      }
        + (GFPMasks.watermarks + [min / 2, min - 1]).filter { $0 >= 0 }.map {
          .watermark(mask, min: $0)
        }
    case .flags: return GFPSituation.all.map { .flags($0) }
    case .parse(let text): return Self.shorter(text).map { .parse($0) }
    }
  }

  /// Texts with parts or characters left out of `text`.
  private static func shorter(_ text: String) -> [String] {
    let scalars = Array(text.unicodeScalars)
    let parts = scalars.split(separator: "|", omittingEmptySubsequences: false)
    var texts = pieces(of: Array(parts)).map { parts in
      string(Array(parts.joined(separator: ["|" as Unicode.Scalar])))
    }
    texts += parts.prefix(64).map { string(Array($0)) }
    texts += pieces(of: scalars).map(string)
    return texts
  }

  /// `list` with a piece left out: halves, quarters and so on in every place, down to single elements where there are few; of a
  /// long list also a few elements at its start or its end.
  private static func pieces<Element>(of list: [Element]) -> [[Element]] {
    var result: [[Element]] = []
    var length = (list.count + 1) / 2
    while length >= 1, !list.isEmpty {
      let isLong = list.count / length > 64
      let starts =
        isLong ? [0, list.count - length] : Array(stride(from: 0, to: list.count, by: length))
      for start in starts {
        result.append(Array(list[..<start] + list[Swift.min(start + length, list.count)...]))
      }
      length = length == 1 ? 0 : length / 2
    }
    return result
  }

  private static func string(_ scalars: [Unicode.Scalar]) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: scalars)
    return String(text)
  }
}
