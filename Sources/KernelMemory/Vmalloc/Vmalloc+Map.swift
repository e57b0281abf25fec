import Synchronization

/// Areas that show pages of others.
extension Vmalloc {
  /// Shows pages side by side under new addresses (`vmap`). They belong to their owner still.
  ///
  /// - Parameters:
  ///   - frames: allocated pages, in the order in which they are to appear; the same one may appear twice.
  ///   - kind: ``AreaKind/ownsPages`` makes ``vfree(_:caller:cpu:)`` free them (`VM_MAP_PUT_PAGES`).
  ///   - isWritable: whether the rights are `PAGE_KERNEL` or `PAGE_KERNEL_RO`.
  ///   - caller: the place that asks.
  ///   - cpu: the calling thread's processor.
  /// - Returns: the start; nil when addresses, or pages for tables, are short.
  /// - Throws: ``VmallocError/badSize(_:)``, ``VmallocError/tooLarge(bytes:memory:)`` or
  ///   ``VmallocError/notAllocated(_:_:)``.
  /// - Complexity: O(pages + log areas).
  public func vmap(
    _ frames: [PageFrame], kind: AreaKind = [], isWritable: Bool = true,
    caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) -> VirtualAddress? {
    guard !frames.isEmpty else { throw .badSize(0) }
    guard frames.count <= machine.managedPages else {
      throw .tooLarge(bytes: frames.count * pageSize, memory: machine.managedPages * pageSize)
    }
    for frame in frames {
      let use = machine.use(of: frame)
      guard case .allocated = use else { throw .notAllocated(frame, use) }
    }
    let kind = kind.intersection([.ownsPages, .user, .dmaCoherent]).union(.vmap)
    let index = try takeArea(
      size: UInt64((frames.count + 1) * pageSize), align: 1, range: nil, kind: kind,
      caller: caller, cpu: cpu)
    guard index != 0 else { return nil }
    let start = space.pointee.nodes[Int(index)].start
    let rights: PageTableEntry = isWritable ? .kernel : .kernelReadOnly
    let isMapped = map(start, pages: frames.count, rights: rights, gfp: .kernel, cpu: cpu) {
      frames[$0]
    }
    guard isMapped else {
      undo(index, caller, cpu)
      return nil
    }
    locked { $0.pointee.nodes[Int(index)].pageCount = frames.count }
    return VirtualAddress(start)
  }

  /// Ends what ``vmap(_:kind:isWritable:caller:cpu:)`` made; the pages stay their owner's (`vunmap`).
  ///
  /// - Parameter address: what `vmap` gave; nil does nothing.
  /// - Throws: ``VmallocError`` when no such area starts there; nothing changes then.
  /// - Complexity: O(pages + log areas).
  public func vunmap(
    _ address: VirtualAddress?, caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) {
    guard let address else { return }
    if let area = area(containing: address), area.start == address, area.kind.contains(.ownsPages) {
      throw .wrongKind(area, use: "vfree")
    }
    let index = try unlink(address, kind: .vmap, caller: caller)
    if let problem = dispose(index, cpu) { throw problem }
  }

  /// Shows device memory (`ioremap`). There is no device: an access is a fault that says so.
  ///
  /// - Parameters:
  ///   - physical: the device's address, of any byte.
  ///   - size: in bytes. The addresses are aligned to the power of two that holds it, at most 1 GiB.
  /// - Returns: the address of that byte; nil when addresses, or pages for tables, are short.
  /// - Throws: ``VmallocError/badSize(_:)``, or ``VmallocError/badRange(_:_:)`` for memory of this machine.
  public func ioremap(
    _ physical: UInt64, size: Int, caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) -> VirtualAddress? {
    guard size > 0, size <= 1 << 40 else { throw .badSize(size) }
    let first = physical & ~UInt64(pageSize - 1)
    guard physical < 1 << 51, first >= UInt64(machine.memory.byteCount) else {
      throw .badRange(VirtualAddress(physical), VirtualAddress(physical) + size)
    }
    let bytes = roundedToPages(size + Int(physical - first))
    let power = Int.bitWidth - (Int(bytes) - 1).leadingZeroBitCount
    let index = try takeArea(
      size: bytes + UInt64(pageSize), align: 1 << min(max(power, 12), 30), range: nil,
      kind: .ioremap, caller: caller, cpu: cpu)
    guard index != 0 else { return nil }
    let start = locked { space in
      space.pointee.nodes[Int(index)].physicalAddress = first
      return space.pointee.nodes[Int(index)].start
    }
    let isMapped = map(
      start, pages: Int(bytes) / pageSize, rights: .kernelDevice, gfp: .kernel,
      cpu: cpu
    ) { PageFrame(Int(first) / pageSize + $0) }
    guard isMapped else {
      undo(index, caller, cpu)
      return nil
    }
    return VirtualAddress(start) + Int(physical - first)
  }

  /// Ends what ``ioremap(_:size:caller:cpu:)`` made (`iounmap`). Any address of the first page will do.
  public func iounmap(
    _ address: VirtualAddress?, caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) {
    guard let address else { return }
    let index = try unlink(address.page, kind: .ioremap, caller: caller)
    _ = dispose(index, cpu)
  }

  private func undo(_ index: UInt32, _ caller: CallSite, _ cpu: CPU) {
    locked { space in
      space.pointee.unlinkBusy(index)
      space.pointee.nodes[Int(index)].freedBy = caller
      // The pages are the caller's: nothing came of it.
      space.pointee.nodes[Int(index)].kind.remove(.ownsPages)
    }
    pageFailures.add(1, ordering: .relaxed)
    _ = dispose(index, cpu)
  }

  // MARK: Translation

  /// The page behind an address of an area, or nil (`vmalloc_to_page`). Four steps.
  public func vmallocToPage(_ address: VirtualAddress) -> PageFrame? {
    guard !isTornDown.load(ordering: .acquiring) else { return nil }
    return tables.translate(address.rawValue)?.frame
  }

  /// The entry that decides about an address; nil where a table is missing. At most four steps.
  public func entry(of address: VirtualAddress) -> PageTableEntry? {
    guard !isTornDown.load(ordering: .acquiring), let (slot, _) = tables.find(address.rawValue)
    else { return nil }
    return PageTableEntry(rawValue: slot.pointee.load(ordering: .acquiring))
  }
}
