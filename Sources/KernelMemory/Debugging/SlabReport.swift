/// Who allocated or freed an object, and where (`struct track`).
public struct Track: Hashable, Sendable, CustomStringConvertible {
  public let site: CallSite
  /// The processor's number.
  public let cpu: Int

  public var description: String { "\(site) cpu=\(cpu)" }
}

/// What was found wrong with an object, in the manner of `mm/slub.c`'s reports.
///
/// Addresses are those that the kernel's direct map would have: memory starts at 0xffff888000000000.
public struct SlabReport: Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Kind: Hashable, Sendable {
    /// The object is free already.
    case doubleFree
    /// The address is not memory of this machine.
    case foreignPointer
    /// The address lies in a page that belongs to no cache.
    case notAnObject(PageUse)
    /// The address lies in a slab, but no object starts there.
    case misaligned
    /// The object belongs to another cache than the one it was given to.
    case wrongCache(given: String)
    /// Bytes that nobody may write were written: before the object, behind it, or between the end of what was asked
    /// for and the end of the object.
    case overwritten(Region)
    /// The link from one free object to the next leads out of the slab.
    case freePointerCorrupt
  }

  /// Which part of a slot was overwritten; the raw value is the name Linux gives it.
  public enum Region: String, Hashable, Sendable {
    case leftRedZone = "Left Redzone"
    case rightRedZone = "Right Redzone"
    case kmallocRedZone = "kmalloc Redzone"
    case alignmentPadding = "Alignment padding"
    /// A free object: use after free.
    case poison = "Poison"
    /// The last byte of a free object.
    case endPoison = "End Poison"
    case objectPadding = "Object padding"
    /// The rest of the slab behind the last slot.
    case padding = "Padding"
  }

  /// Which bytes differ from what they should be.
  public struct Damage: Hashable, Sendable {
    /// Of the first and the last wrong byte.
    public let first: UInt
    public let last: UInt
    public let found: UInt8
    public let expected: UInt8
    /// From the slab's first byte.
    public let offset: Int
  }

  public let kind: Kind
  /// The cache that the object belongs to, if any.
  public let cache: String?
  /// The address in question.
  public let address: UInt
  /// Where the object starts that the address lies in, if any.
  public let object: UInt?
  public var damage: Damage?
  /// Who allocated the object last; known with ``SlabFlags/storeUser``.
  public var allocated: Track?
  /// Who freed it last.
  public var freed: Track?
  /// Who made the call in which this was found.
  public var caller: CallSite?

  init(_ kind: Kind, cache: String? = nil, address: UInt, object: UInt? = nil) {
    self.kind = kind
    self.cache = cache
    self.address = address
    self.object = object
  }

  /// Several lines: what is wrong, where, and who had the object.
  public var description: String {
    var lines = ["BUG \(cache ?? "kfree"): \(what)"]
    if let damage {
      lines.append(
        "\(hex(damage.first))-\(hex(damage.last)) @offset=\(damage.offset). "
          + "First byte 0x\(String(damage.found, radix: 16)) "
          + "instead of 0x\(String(damage.expected, radix: 16))")
    }
    if let allocated { lines.append("Allocated in \(allocated)") }
    if let freed { lines.append("Freed in \(freed)") }
    if let caller { lines.append("Found in \(caller)") }
    return lines.joined(separator: "\n")
  }

  private var what: String {
    let at = hex(address)
    switch kind {
    case .doubleFree: return "Object at \(at) already free"
    case .foreignPointer: return "Address \(at) is not memory of this machine"
    case .notAnObject(let use): return "Address \(at) is no object: its page \(use.phrase)"
    case .misaligned:
      guard let object else {
        return "Address \(at) is no object: it lies beyond the last one of its slab"
      }
      return "Invalid object pointer \(at): inside the object at \(hex(object))"
    case .wrongCache(let given):
      return "Wrong slab cache. \(given) but object at \(at) is from \(cache ?? "no cache")"
    case .overwritten(let region): return "\(region.rawValue) overwritten of object at \(at)"
    case .freePointerCorrupt: return "Freepointer corrupt of object at \(at)"
    }
  }
}

extension PageUse {
  /// What the page is, as the end of a sentence.
  var phrase: String {
    switch self {
    case .foreign: "is not memory of this machine"
    case .reserved: "is reserved"
    case .free(let head, let order): "is free, in the block of order \(order) at page frame \(head)"
    case .perCPU(let head, let order):
      "is free, in the block of order \(order) at page frame \(head) on a per-CPU list"
    case .allocated(let head, let order):
      "is allocated, in the block of order \(order) at page frame \(head), but not as a slab"
    }
  }
}

/// An address as `%px` prints it.
func hex(_ address: UInt) -> String {
  let digits = String(address, radix: 16)
  return "0x" + String(repeating: "0", count: 16 - digits.count) + digits
}
