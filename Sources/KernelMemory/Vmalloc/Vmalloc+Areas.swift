import Synchronization

/// Addresses by themselves: taken, given back, purged. What `vmalloc` and `vmap` are made of.
extension Vmalloc {
  /// Takes addresses and maps nothing there (`alloc_vmap_area`).
  ///
  /// The lowest hole that holds the size, and the padding where `align` is more than a page, is cut
  /// (``AreaTree/lowestFit(size:align:from:padded:)``); with several vmap nodes what this CPU freed before comes first.
  /// - Parameters:
  ///   - size: in bytes, a guard page included if there is to be one; rounded up to pages.
  ///   - align: a power of two.
  ///   - range: where; nil for ``KernelLayout/vmalloc``.
  ///   - caller: the place that asks.
  ///   - cpu: the calling thread's processor.
  /// - Returns: the start; nil when there is no such hole, even after a purge.
  /// - Throws: ``VmallocError/badSize(_:)``, ``VmallocError/badAlignment(_:)`` or ``VmallocError/badRange(_:_:)``.
  /// - Complexity: O(log areas), but for a purge.
  public func allocateArea(
    size: Int, align: Int = pageSize, range: Range<VirtualAddress>? = nil,
    caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) -> VirtualAddress? {
    guard size > 0, size <= Int.max - pageSize else { throw .badSize(size) }
    let index = try takeArea(
      size: roundedToPages(size), align: align, range: range, kind: .bare, caller: caller, cpu: cpu)
    guard index != 0 else { return nil }
    return VirtualAddress(space.pointee.nodes[Int(index)].start)
  }

  /// Gives back addresses that ``allocateArea(size:align:range:caller:cpu:)`` took (`free_vmap_area`).
  ///
  /// They wait on the lazy list for the next flush of the TLB: a processor may still remember what was there.
  /// - Throws: ``VmallocError`` when no such area starts there; nothing changes then.
  /// - Complexity: O(log areas), but for a purge.
  public func freeArea(at address: VirtualAddress, caller: CallSite = #function)
    throws(VmallocError)
  {
    let index = try unlink(address, kind: .bare, caller: caller)
    locked { $0.pointee.freeLazily(index) }
  }

  /// Flushes the TLB once, and makes the addresses freed so far usable again (`__purge_vmap_area_lazy`).
  ///
  /// Happens by itself when more than ``lazyMax`` pages wait, and when a request finds no hole.
  /// - Parameter full: whether CPUs' pools are emptied, too; else they give a quarter.
  /// - Complexity: O(areas purged × log areas).
  @discardableResult
  public func purge(full: Bool = false) -> PurgeReport {
    locked { $0.pointee.purge(full: full) }
  }

  // MARK: For the other calls

  func takeArea(
    size: UInt64, align: Int, range: Range<VirtualAddress>?, kind: AreaKind, caller: CallSite,
    cpu: CPU
  ) throws(VmallocError) -> UInt32 {
    guard align > 0, align & (align - 1) == 0 else { throw .badAlignment(align) }
    if isTornDown.load(ordering: .acquiring) {
      throw .badRange(layout.vmalloc.lowerBound, layout.vmalloc.upperBound)
    }
    let range = range ?? layout.vmalloc
    guard !range.isEmpty, range.lowerBound >= layout.areas.lowerBound,
      range.upperBound <= layout.areas.upperBound, range.lowerBound.offsetInPage == 0,
      range.upperBound.offsetInPage == 0
    else { throw .badRange(range.lowerBound, range.upperBound) }
    let node = vmapNodes > 1 && range == layout.vmalloc ? cpu.number % vmapNodes : nil
    return locked { space in
      let index = space.pointee.allocate(
        size: size, align: UInt64(max(align, pageSize)),
        range: range.lowerBound.rawValue..<range.upperBound.rawValue, vmapNode: node)
      if index != 0 {
        space.pointee.nodes[Int(index)].kind = kind
        space.pointee.nodes[Int(index)].caller = caller
      }
      return index
    }
  }

  /// Takes the area that starts at an address out of the busy tree.
  ///
  /// - Parameter kind: one of the kinds that the call undoes.
  func unlink(
    _ address: VirtualAddress, kind: AreaKind, caller: CallSite
  ) throws(VmallocError) -> UInt32 {
    let result: Result<UInt32, VmallocError> = locked { space in
      let index = space.pointee.busy.containing(address.rawValue)
      guard index != 0, space.pointee.nodes[Int(index)].start == address.rawValue,
        !space.pointee.nodes[Int(index)].kind.isDisjoint(with: kind),
        space.pointee.nodes[Int(index)].kind.isDisjoint(with: [.deferred, .unfinished])
      else { return .failure(refusal(space, address, kind)) }
      space.pointee.unlinkBusy(index)
      space.pointee.nodes[Int(index)].freedBy = caller
      return .success(index)
    }
    switch result {
    case .success(let index): return index
    case .failure(let error): throw error
    }
  }

  /// Why the area at an address cannot be freed.
  private func refusal(
    _ space: UnsafeMutablePointer<AreaSpaceState>, _ address: VirtualAddress, _ kind: AreaKind
  ) -> VmallocError {
    let index = space.pointee.busy.containing(address.rawValue)
    guard index != 0 else {
      guard let old = space.pointee.formerly(at: address.rawValue) else {
        return .notAnArea(address)
      }
      let area = VmallocArea(old)
      return area.start == address ? .alreadyFreed(area) : .insideArea(address, area)
    }
    let node = space.pointee.nodes[Int(index)]
    let area = VmallocArea(node)
    if node.start != address.rawValue { return .insideArea(address, area) }
    if node.kind.contains(.deferred) { return .alreadyFreed(area) }
    if node.kind.contains(.unfinished) { return .notAnArea(address) }
    return .wrongKind(area, use: node.kind.undoneBy)
  }

  func roundedToPages(_ bytes: Int) -> UInt64 {
    UInt64(bytes + pageSize - 1) & ~UInt64(pageSize - 1)
  }
}

extension AreaKind {
  /// The call that ends an area of this kind.
  var undoneBy: String {
    if contains(.ioremap) { return "iounmap" }
    if contains(.vmalloc) || contains(.ownsPages) { return "vfree" }
    return contains(.vmap) ? "vunmap" : "freeArea"
  }
}

extension AreaSpaceState {
  /// What was freed at an address: still waiting, or purged lately. Needs the lock. O(freed areas).
  func formerly(at address: UInt64) -> AreaNode? {
    for list in 0..<nodeCount * Self.listsPerNode {
      var index = lists[list].first
      while index != 0 {
        let node = nodes[Int(index)]
        if node.start <= address, address < node.end { return node }
        index = node.next
      }
    }
    for age in 1...Self.historyLength where age <= historyCount {
      let node = history[(historyCount - age) % Self.historyLength]
      if node.start <= address, address < node.end { return node }
    }
    return nil
  }
}
