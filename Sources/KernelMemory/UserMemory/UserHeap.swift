/// `malloc` and `free` of a process, on top of `brk` and `mmap`: what a C library does, in small.
///
/// Requests are rounded up to classes of 16 bytes up to 1 KiB, then to powers of two, each with a list of free blocks that
/// is threaded through the blocks themselves; what no list has is cut from the heap's end, which grows by 132 KiB at a
/// time. From 128 KiB on a request gets a mapping of its own. A header of 16 bytes lies before each block: size, and a
/// word that tells whether it is in use. For one thread at a time, like the process's own.
///
/// The contrast to the kernel's `kmalloc`: nothing here is memory before it is touched, and nobody refuses at the time
/// of the request.
public final class UserHeap {
  public let space: AddressSpace
  /// Requests from this size on are mapped by themselves (`M_MMAP_THRESHOLD`).
  public static let mapThreshold = 128 << 10
  /// The heap grows by so much at least (`M_TOP_PAD` and a page).
  public static let growth = 132 << 10

  static let header = 16
  static let inUse: UInt64 = 0x5553_4544_4d45_4d21
  static let isFree: UInt64 = 0x4652_4545_4d45_4d21
  static let mapped: UInt64 = 0x4d41_5050_4d45_4d21

  /// The first free block of each class; 0 for none.
  private var lists = [UInt64](repeating: 0, count: 64 + 8)
  private var top: VirtualAddress
  private var end: VirtualAddress
  /// Blocks in use, and their bytes.
  public private(set) var blocks = 0
  public private(set) var bytesInUse = 0

  public init(_ space: AddressSpace) {
    self.space = space
    top = space.programBreak
    end = top
  }

  /// A free that the heap refuses; nothing has changed.
  public enum Misuse: Error, Hashable, Sendable, CustomStringConvertible {
    /// Freed before (`free(): double free detected`).
    case doubleFree(VirtualAddress)
    /// Not a block of this heap (`free(): invalid pointer`).
    case notABlock(VirtualAddress)
    /// The process's memory failed.
    case fault(UserFault)
    /// What `mmap` or `brk` said.
    case space(UserMemoryError)

    public var description: String {
      switch self {
      case .doubleFree(let address): "free(): double free of the block at \(address)"
      case .notABlock(let address): "free(): \(address) is no block of this heap"
      case .fault(let fault): fault.description
      case .space(let error): error.description
      }
    }
  }

  /// Allocates `size` bytes, aligned to 16; nil when addresses are short.
  ///
  /// The header's page is touched, no other. O(1), but for growth.
  /// - Throws: ``Misuse/fault(_:)`` when that page cannot be had.
  public func malloc(_ size: Int, cpu: CPU) throws(Misuse) -> VirtualAddress? {
    guard size >= 0, size <= 1 << 46 else { return nil }
    if size >= Self.mapThreshold {
      guard
        let start = try call({ () throws(UserMemoryError) in
          try space.mmap(size + Self.header, name: "malloc")
        })
      else { return nil }
      return try take(start, size, Self.mapped, cpu)
    }
    let (index, bytes) = Self.sizeClass(size)
    if lists[index] != 0 {
      let block = VirtualAddress(lists[index])
      lists[index] = try load(block, cpu)
      return try take(block - Self.header, bytes, Self.inUse, cpu)
    }
    let need = Self.header + bytes
    if end.distance(from: top) < need {
      let grow = max(Self.growth, need)
      guard try call({ () throws(UserMemoryError) in try space.sbrk(grow, cpu: cpu) }) != nil else {
        return nil
      }
      end = end + grow
    }
    let start = top
    top = top + need
    return try take(start, bytes, Self.inUse, cpu)
  }

  /// Frees a block; nil does nothing. O(1).
  ///
  /// A mapped block goes back to the kernel, any other to its class's list: its pages stay the process's.
  public func free(_ address: VirtualAddress?, cpu: CPU) throws(Misuse) {
    guard let address else { return }
    let start = address - Self.header
    guard address.rawValue & 15 == 0, start >= space.userRange.lowerBound,
      let mark = try? space.load(at: start + 8, as: UInt64.self, cpu: cpu)
    else { throw .notABlock(address) }
    let size = Int(truncatingIfNeeded: try load(start, cpu))
    switch mark {
    case Self.isFree: throw .doubleFree(address)
    case Self.mapped:
      try call { () throws(UserMemoryError) in
        try space.munmap(start, size + Self.header, cpu: cpu)
      }
    case Self.inUse:
      let index = Self.sizeClass(size).index
      try store(Self.isFree, start + 8, cpu)
      try store(lists[index], address, cpu)
      lists[index] = address.rawValue
    default: throw .notABlock(address)
    }
    blocks -= 1
    bytesInUse -= size
  }

  /// The list of a size below ``mapThreshold``, and what is handed out.
  static func sizeClass(_ size: Int) -> (index: Int, bytes: Int) {
    if size <= 1024 {
      let units = max((size + 15) / 16, 1)
      return (units - 1, units * 16)
    }
    let bits = Int.bitWidth - (size - 1).leadingZeroBitCount
    return (64 + bits - 11, 1 << bits)
  }

  private func take(
    _ start: VirtualAddress, _ bytes: Int, _ mark: UInt64, _ cpu: CPU
  ) throws(Misuse) -> VirtualAddress {
    try store(UInt64(bytes), start, cpu)
    try store(mark, start + 8, cpu)
    blocks += 1
    bytesInUse += bytes
    return start + Self.header
  }

  private func load(_ address: VirtualAddress, _ cpu: CPU) throws(Misuse) -> UInt64 {
    do throws(UserFault) {
      return try space.load(at: address, as: UInt64.self, cpu: cpu)
    } catch {
      throw .fault(error)
    }
  }

  private func store(_ word: UInt64, _ address: VirtualAddress, _ cpu: CPU) throws(Misuse) {
    do throws(UserFault) {
      try space.store(word, at: address, cpu: cpu)
    } catch {
      throw .fault(error)
    }
  }

  private func call<Result>(
    _ body: () throws(UserMemoryError) -> Result
  ) throws(Misuse) -> Result {
    do throws(UserMemoryError) {
      return try body()
    } catch {
      throw .space(error)
    }
  }
}
