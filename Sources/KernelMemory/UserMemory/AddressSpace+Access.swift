/// What the process's own instructions do, and what the kernel does on its behalf (`copy_to_user`).
extension AddressSpace {
  /// Copies bytes out of the process's memory, faulting pages in.
  ///
  /// - Throws: ``UserFault``; the bytes before the fault are copied then.
  /// - Complexity: O(bytes), with a walk for each page.
  public func read(
    _ address: VirtualAddress, into bytes: UnsafeMutableRawBufferPointer, cpu: CPU
  ) throws(UserFault) {
    try access(address, bytes.count, .read, cpu) { memory, done, count in
      (bytes.baseAddress! + done).copyMemory(from: memory, byteCount: count)
    }
  }

  /// Copies bytes into the process's memory, faulting pages in.
  ///
  /// - Throws: ``UserFault``; the bytes before the fault are written then.
  public func write(
    _ address: VirtualAddress, from bytes: UnsafeRawBufferPointer, cpu: CPU
  ) throws(UserFault) {
    try access(address, bytes.count, .write, cpu) { memory, done, count in
      memory.copyMemory(from: bytes.baseAddress! + done, byteCount: count)
    }
  }

  /// Reads a value; it may lie across pages, and need not be aligned.
  public func load<Value: BitwiseCopyable>(
    at address: VirtualAddress, as type: Value.Type, cpu: CPU
  ) throws(UserFault) -> Value {
    let copy = UnsafeMutableRawBufferPointer.allocate(
      byteCount: MemoryLayout<Value>.size, alignment: MemoryLayout<Value>.alignment)
    defer { copy.deallocate() }
    try read(address, into: copy, cpu: cpu)
    return copy.loadUnaligned(as: type)
  }

  /// Writes a value; it may lie across pages, and need not be aligned.
  public func store<Value: BitwiseCopyable>(
    _ value: Value, at address: VirtualAddress, cpu: CPU
  ) throws(UserFault) {
    let copy = UnsafeMutableRawBufferPointer.allocate(
      byteCount: MemoryLayout<Value>.size, alignment: MemoryLayout<Value>.alignment)
    defer { copy.deallocate() }
    copy.storeBytes(of: value, as: Value.self)
    try write(address, from: UnsafeRawBufferPointer(copy), cpu: cpu)
  }

  /// Touches the first byte of each page of a range, as a program does that fills its memory.
  public func touch(
    _ address: VirtualAddress, pages: Int, _ kind: MemoryAccess = .write, cpu: CPU
  ) throws(UserFault) {
    for page in 0..<pages { try access(address + page * pageSize, 1, kind, cpu) { _, _, _ in } }
  }

  /// Runs `body` for each piece of a range that lies in one page, with the lock held: the page cannot go meanwhile.
  private func access(
    _ address: VirtualAddress, _ count: Int, _ kind: MemoryAccess, _ cpu: CPU,
    _ body: (UnsafeMutableRawPointer, Int, Int) -> Void
  ) throws(UserFault) {
    var done = 0
    while done < count {
      let place = address + done
      let piece = min(count - done, pageSize - place.offsetInPage)
      let isDone = memory.locked {
        guard let bytes = ready(place, kind) else { return false }
        body(bytes, done, piece)
        return true
      }
      if isDone { done += piece } else { try fault(place, kind, cpu: cpu) }
    }
  }

  /// The byte at an address, when the page tables allow the access at once; marks the page as used. Needs the lock.
  private func ready(
    _ address: VirtualAddress, _ kind: MemoryAccess
  ) -> UnsafeMutableRawPointer? {
    guard isAlive, userRange.contains(address), let (slot, _) = tables.find(address.rawValue)
    else { return nil }
    var entry = PageTableEntry(rawValue: slot.pointee.load(ordering: .relaxed))
    guard entry.isPresent, kind == .read || entry.isWritable else { return nil }
    entry.rawValue |= PageTableEntry.accessed | (kind == .write ? PageTableEntry.dirty : 0)
    slot.pointee.store(entry.rawValue, ordering: .relaxed)
    return memory.machine.pointer(to: entry.frame) + address.offsetInPage
  }
}
