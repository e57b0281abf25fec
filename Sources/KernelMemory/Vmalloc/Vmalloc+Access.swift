#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes behind kernel addresses, reached through the page tables, or through the direct map.
extension Vmalloc {
  /// Copies bytes out of memory, across pages.
  ///
  /// - Throws: ``VmallocFault`` for the first address that cannot be read; nothing is copied then.
  /// - Complexity: O(bytes), with a walk for each page.
  public func read(
    _ address: VirtualAddress, into bytes: UnsafeMutableRawBufferPointer
  ) throws(VmallocFault) {
    try check(address, bytes.count, .read)
    var done = 0
    while done < bytes.count {
      let piece = try piece(address + done, bytes.count - done, .read)
      (bytes.baseAddress! + done).copyMemory(from: piece.memory, byteCount: piece.count)
      done += piece.count
    }
  }

  /// Copies bytes into memory, across pages.
  ///
  /// - Throws: ``VmallocFault`` for the first address that cannot be written; nothing is written then.
  /// - Complexity: O(bytes), with a walk for each page.
  public func write(
    _ address: VirtualAddress, from bytes: UnsafeRawBufferPointer
  ) throws(VmallocFault) {
    try check(address, bytes.count, .write)
    var done = 0
    while done < bytes.count {
      let piece = try piece(address + done, bytes.count - done, .write)
      piece.memory.copyMemory(from: bytes.baseAddress! + done, byteCount: piece.count)
      done += piece.count
    }
  }

  /// Reads a value; it may lie across pages, and need not be aligned.
  public func load<Value: BitwiseCopyable>(
    at address: VirtualAddress, as type: Value.Type
  ) throws(VmallocFault) -> Value {
    let size = MemoryLayout<Value>.size
    let piece = try piece(address, size, .read)
    if piece.count == size { return piece.memory.loadUnaligned(as: type) }
    let copy = UnsafeMutableRawBufferPointer.allocate(
      byteCount: size, alignment: MemoryLayout<Value>.alignment)
    defer { copy.deallocate() }
    try read(address, into: copy)
    return copy.loadUnaligned(as: type)
  }

  /// Writes a value; it may lie across pages, and need not be aligned.
  public func store<Value: BitwiseCopyable>(
    _ value: Value, at address: VirtualAddress
  ) throws(VmallocFault) {
    let size = MemoryLayout<Value>.size
    let piece = try piece(address, size, .write)
    if piece.count == size {
      piece.memory.storeBytes(of: value, as: Value.self)
      return
    }
    let copy = UnsafeMutableRawBufferPointer.allocate(
      byteCount: size, alignment: MemoryLayout<Value>.alignment)
    defer { copy.deallocate() }
    copy.storeBytes(of: value, as: Value.self)
    try write(address, from: UnsafeRawBufferPointer(copy))
  }

  /// Fills memory with a byte (`memset`).
  public func fill(
    _ address: VirtualAddress, count: Int, with byte: UInt8
  ) throws(VmallocFault) {
    try check(address, count, .write)
    var done = 0
    while done < count {
      let piece = try piece(address + done, count - done, .write)
      piece.memory.initializeMemory(as: UInt8.self, repeating: byte, count: piece.count)
      done += piece.count
    }
  }

  /// The address of a byte of directly mapped memory (`__va`); nil above low memory.
  public func directAddress(of pointer: UnsafeRawPointer) -> VirtualAddress? {
    let offset = pointer - UnsafeRawPointer(machine.memory.base)
    let address = layout.directMap.lowerBound + offset
    return offset >= 0 && layout.directMap.contains(address) ? address : nil
  }

  /// Where this process has the byte at a directly mapped address; nil for any other address.
  public func directPointer(to address: VirtualAddress) -> UnsafeMutableRawPointer? {
    guard layout.directMap.contains(address) else { return nil }
    return machine.memory.base + address.distance(from: layout.directMap.lowerBound)
  }

  // MARK: Pieces

  /// Checks that all pages of a range can be reached.
  private func check(
    _ address: VirtualAddress, _ count: Int, _ access: MemoryAccess
  ) throws(VmallocFault) {
    var done = 0
    while done < count { done += try piece(address + done, count - done, access).count }
  }

  /// The memory at an address, at most to the end of its page.
  private func piece(
    _ address: VirtualAddress, _ count: Int, _ access: MemoryAccess
  ) throws(VmallocFault) -> (memory: UnsafeMutableRawPointer, count: Int) {
    if let memory = directPointer(to: address) {
      return (memory, min(count, layout.directMap.upperBound.distance(from: address)))
    }
    guard let frame = vmallocToPage(address),
      let entry = entry(of: address), access == .read || entry.isWritable,
      frame.number < machine.memory.byteCount / pageSize
    else { throw fault(address, access) }
    let offset = address.offsetInPage
    return (machine.pointer(to: frame) + offset, min(count, pageSize - offset))
  }

  /// What an address is that cannot be reached.
  func fault(_ address: VirtualAddress, _ access: MemoryAccess) -> VmallocFault {
    let reason: VmallocFault.Reason = locked { space in
      let index = space.pointee.busy.atOrBelow(address.rawValue)
      let below = index == 0 ? nil : VmallocArea(space.pointee.nodes[Int(index)])
      if let area = below, address < area.end {
        if area.kind.contains(.deferred) { return .freed(area) }
        if area.kind.contains(.bare) { return .notMapped(area) }
        if address >= area.usableEnd { return .guardPage(area) }
        if area.kind.contains(.ioremap) { return .device(area) }
        return access == .write ? .readOnly(area) : .notMapped(area)
      }
      if let freed = space.pointee.formerly(at: address.rawValue) {
        return .freed(VmallocArea(freed))
      }
      if layout.directMap.lowerBound <= address, address < layout.directMapLimit {
        return .notMemory
      }
      return .noArea(below: below)
    }
    return VmallocFault(address: address, access: access, reason: reason)
  }
}
