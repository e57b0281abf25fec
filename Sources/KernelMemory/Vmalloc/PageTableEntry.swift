/// An entry of a page table, 8 bytes, with the bits of x86 (`pte_t`, `pmd_t`, …; `arch/x86/include/asm/pgtable_types.h`).
@frozen
public struct PageTableEntry: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  static let present: UInt64 = 1 << 0
  static let writable: UInt64 = 1 << 1
  static let user: UInt64 = 1 << 2
  static let cacheDisabled: UInt64 = 1 << 4
  static let accessed: UInt64 = 1 << 5
  static let dirty: UInt64 = 1 << 6
  /// `_PAGE_PSE`: maps 2 MiB itself, in the third level.
  static let huge: UInt64 = 1 << 7
  static let global: UInt64 = 1 << 8
  static let noExecute: UInt64 = 1 << 63
  static let frameMask: UInt64 = (1 << 52 - 1) & ~UInt64(pageSize - 1)

  /// `_KERNPG_TABLE`: what leads to a table of the kernel. Rights lie in the last level alone.
  static let kernelTable = present | writable | accessed | dirty
  /// `_PAGE_TABLE`: what leads to a table of a process.
  static let userTable = kernelTable | user
  /// `PAGE_KERNEL`: data of the kernel.
  public static let kernel = PageTableEntry(rawValue: kernelTable | global | noExecute)
  /// `PAGE_KERNEL_RO`.
  public static let kernelReadOnly = PageTableEntry(
    rawValue: (kernelTable | global | noExecute) & ~(writable | dirty))
  /// `PAGE_KERNEL_NOCACHE`: device memory.
  static let kernelDevice = PageTableEntry(
    rawValue: kernelTable | global | noExecute | cacheDisabled)

  /// An entry with these rights for a page.
  func mapping(_ frame: PageFrame) -> PageTableEntry {
    PageTableEntry(rawValue: rawValue & ~Self.frameMask | UInt64(frame.number * pageSize))
  }

  /// Nothing is said about the address.
  public static let none = PageTableEntry(rawValue: 0)

  public var isNone: Bool { rawValue == 0 }
  public var isPresent: Bool { rawValue & Self.present != 0 }
  public var isWritable: Bool { rawValue & Self.writable != 0 }
  public var isUser: Bool { rawValue & Self.user != 0 }
  public var isAccessed: Bool { rawValue & Self.accessed != 0 }
  public var isDirty: Bool { rawValue & Self.dirty != 0 }
  public var isHuge: Bool { rawValue & Self.huge != 0 }
  public var isGlobal: Bool { rawValue & Self.global != 0 }
  public var isExecutable: Bool { rawValue & Self.noExecute == 0 }
  /// The page, or table, that a present entry leads to.
  public var frame: PageFrame { PageFrame(Int((rawValue & Self.frameMask) >> 12)) }

  /// Frame and rights: `0x1f00 rw- accessed dirty global`.
  public var description: String {
    if isNone { return "none" }
    guard isPresent else { return "not present, 0x" + String(rawValue, radix: 16) }
    var text = "\(frame) r\(isWritable ? "w" : "-")\(isExecutable ? "x" : "-")"
    for (isSet, name) in [
      (isUser, "user"), (isAccessed, "accessed"), (isDirty, "dirty"), (isGlobal, "global"),
      (isHuge, "huge"),
    ] where isSet { text += " " + name }
    return text
  }
}
