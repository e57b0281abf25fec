import Synchronization

/// Areas that own their pages.
extension Vmalloc {
  /// Allocates memory that is contiguous in addresses, page by page (`vmalloc`, `__vmalloc_node_range`).
  ///
  /// An area is found, pages are taken one by one from the highest zone that the mask allows, and mapped; a page
  /// behind them stays unmapped and catches what runs over. Pages hold what their last owner left, unless the mask has
  /// `__GFP_ZERO`. When pages run out half way, all is undone.
  /// - Parameters:
  ///   - size: in bytes; rounded up to pages.
  ///   - gfp: must allow to sleep. `__GFP_HIGHMEM` is added unless the mask names a DMA zone.
  ///   - align: a power of two, in bytes.
  ///   - range: where; nil for ``KernelLayout/vmalloc``. Modules take ``KernelLayout/modules``.
  ///   - kind: ``AreaKind/noGuard``, ``AreaKind/flushAtFree``, ``AreaKind/user``, ``AreaKind/dmaCoherent`` and
  ///     ``AreaKind/allowsHuge`` may be asked for.
  ///   - caller: the place that asks, for ``vmallocinfo``.
  ///   - cpu: the calling thread's processor.
  /// - Returns: the start; nil when addresses or pages are short.
  /// - Throws: ``VmallocError`` for a call that can never be right.
  /// - Complexity: O(pages + log areas).
  public func vmalloc(
    _ size: Int, gfp: GFPFlags = .kernel, align: Int = 1, range: Range<VirtualAddress>? = nil,
    kind: AreaKind = [], caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) -> VirtualAddress? {
    try check(size, gfp, cpu)
    let wanted = kind.intersection([.noGuard, .flushAtFree, .user, .dmaCoherent, .allowsHuge])
    let huge = 1 << PageTables.hugeShift
    if kind.contains(.allowsHuge), machine.kind.hasHugePages, size >= huge {
      let request = Request(
        pages: (size + huge - 1) / huge * (huge / pageSize), gfp: gfp.subtracting(.nofail),
        align: max(align, huge), range: range, kind: wanted.union(.isHuge), caller: caller)
      if let area = try allocate(request, cpu) { return area }
    }
    let request = Request(
      pages: Int(roundedToPages(size)) / pageSize, gfp: gfp, align: align, range: range,
      kind: wanted, caller: caller)
    if let area = try allocate(request, cpu) { return area }
    guard gfp.contains(.nofail) else { return nil }
    // The kernel sleeps a tick and tries again, for ever. Here time passes by other threads alone.
    for _ in 0..<Self.promiseTries {
      yieldProcessor()
      if let area = try allocate(request, cpu) { return area }
    }
    throw .cannotKeepPromise(gfp)
  }

  /// ``vmalloc(_:gfp:align:range:kind:caller:cpu:)`` filled with zeros (`vzalloc`).
  public func vzalloc(
    _ size: Int, gfp: GFPFlags = .kernel, caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) -> VirtualAddress? {
    try vmalloc(size, gfp: gfp.union(.zero), caller: caller, cpu: cpu)
  }

  /// Zeroed memory that may be shown to a process (`vmalloc_user`).
  public func vmallocUser(
    _ size: Int, caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) -> VirtualAddress? {
    try vmalloc(
      size, gfp: [.kernel, .zero], align: pageSize, kind: .user, caller: caller, cpu: cpu)
  }

  /// Memory mapped in pieces of 2 MiB where it is large enough and such blocks are free (`vmalloc_huge`).
  public func vmallocHuge(
    _ size: Int, gfp: GFPFlags = .kernel, caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) -> VirtualAddress? {
    try vmalloc(size, gfp: gfp, kind: .allowsHuge, caller: caller, cpu: cpu)
  }

  /// How often a request that must not fail is tried again.
  private static let promiseTries = 1000

  struct Request {
    let pages: Int
    let gfp: GFPFlags
    let align: Int
    let range: Range<VirtualAddress>?
    let kind: AreaKind
    let caller: CallSite
  }

  private func check(_ size: Int, _ gfp: GFPFlags, _ cpu: CPU) throws(VmallocError) {
    guard size > 0 else { throw .badSize(size) }
    guard size <= machine.managedPages * pageSize else {
      throw .tooLarge(bytes: size, memory: machine.managedPages * pageSize)
    }
    guard gfp.mayBlock else { throw .cannotSleep(gfp) }
    do throws(ContextError) { try cpu.checkMayAllocate(gfp) } catch {
      throw .page(.badContext(error))
    }
    do throws(GFPMaskError) {
      _ = try gfp.highestZone(on: machine.kind)
      _ = try gfp.migrateType()
    } catch {
      throw .page(.badMask(error))
    }
  }

  /// One try (`__vmalloc_area_node`).
  private func allocate(_ request: Request, _ cpu: CPU) throws(VmallocError) -> VirtualAddress? {
    let guardPages = request.kind.contains(.noGuard) ? 0 : 1
    let index = try takeArea(
      size: UInt64((request.pages + guardPages) * pageSize), align: request.align,
      range: request.range, kind: request.kind.union([.vmalloc, .unfinished]),
      caller: request.caller, cpu: cpu)
    guard index != 0 else { return nil }
    // Worked on aside: others read the area's record, and move its place in the tree, meanwhile.
    var node = locked { $0.pointee.nodes[Int(index)] }
    var isComplete = false
    var failure: VmallocError?
    do throws(VmallocError) {
      isComplete = try fill(&node, request, cpu)
    } catch {
      failure = error
    }
    locked { space in
      let record = space.pointee.nodes + Int(index)
      record.pointee.pageList = node.pageList
      record.pointee.pageCount = node.pageCount
      record.pointee.kind = isComplete ? node.kind.subtracting(.unfinished) : node.kind
      if !isComplete {
        space.pointee.unlinkBusy(index)
        record.pointee.freedBy = request.caller
      }
    }
    if isComplete { return VirtualAddress(node.start) }
    // Undone like any other area: what is mapped is unmapped, the pages that came go back.
    if failure == nil { pageFailures.add(1, ordering: .relaxed) }
    let problem = dispose(index, cpu)
    if let failure = failure ?? problem { throw failure }
    return nil
  }

  /// Gets the list of pages, the pages, and maps them; false when memory is short, with the rest left to undo.
  private func fill(
    _ node: inout AreaNode, _ request: Request, _ cpu: CPU
  ) throws(VmallocError) -> Bool {
    guard try makePageList(&node, request, cpu) else { return false }
    var gfp = request.gfp.union(.nowarn)
    if gfp.isDisjoint(with: [.dma, .dma32]) { gfp.insert(.highmem) }
    let isHuge = request.kind.contains(.isHuge)
    let order = isHuge ? PageTables.hugeShift - PageTables.pageShift : 0
    while node.pageCount < request.pages {
      let frame: PageFrame?
      do throws(PageError) {
        frame = try machine.allocatePages(order: order, gfp: gfp, cpu: cpu)
        // In single pages, so that they can be freed one by one.
        if let frame, isHuge { try machine.splitPages(frame, order: order) }
      } catch {
        throw .page(error)
      }
      guard let frame else { return false }
      for page in 0..<1 << order {
        pageListSlot(node, node.pageCount).pointee = UInt64(frame.number + page)
        node.pageCount += 1
      }
      usedPages.add(1 << order, ordering: .relaxed)
    }
    let (start, copy) = (node.start, node)
    if isHuge {
      return mapHuge(
        start, blocks: request.pages >> order, rights: .kernel, gfp: gfp, cpu: cpu
      ) { PageFrame(Int(pageListSlot(copy, $0 << order).pointee)) }
    }
    return map(start, pages: request.pages, rights: .kernel, gfp: gfp, cpu: cpu) {
      PageFrame(Int(pageListSlot(copy, $0).pointee))
    }
  }

  // MARK: The list of an area's pages

  /// Room for a page number of 8 bytes for each page: from the kernel's objects up to a page, else an area by itself.
  private func makePageList(
    _ node: inout AreaNode, _ request: Request, _ cpu: CPU
  ) throws(VmallocError) -> Bool {
    let bytes = request.pages * 8
    let reclaimBits: GFPFlags = [
      .reclaim, .io, .fs, .nowarn, .retryMayfail, .nofail, .noretry, .high, .memalloc, .nomemalloc,
    ]
    let gfp = request.gfp.intersection(reclaimBits).union(.zero)
    if bytes > pageSize {
      guard let list = try vmalloc(bytes, gfp: gfp, caller: request.caller, cpu: cpu) else {
        return false
      }
      node.pageList = list.rawValue
      node.kind.insert(.pageListIsArea)
      return true
    }
    guard let list = try small(bytes, gfp, request.caller, cpu) else { return false }
    node.pageList = list.rawValue
    return true
  }

  /// Directly mapped memory of at most a page: an object, or a page where there are no objects.
  private func small(
    _ bytes: Int, _ gfp: GFPFlags, _ caller: CallSite, _ cpu: CPU
  ) throws(VmallocError) -> VirtualAddress? {
    guard let objects else {
      guard let page = try Self.page(gfp, machine, cpu) else { return nil }
      return layout.directMap.lowerBound + page.number * pageSize
    }
    do throws(SlabError) {
      guard let object = try objects.kmalloc(bytes, gfp: gfp, cpu: cpu, site: caller) else {
        return nil
      }
      return directAddress(of: object)
    } catch {
      throw .objects(error)
    }
  }

  func freePageList(_ node: AreaNode, _ cpu: CPU) throws(VmallocError) {
    guard node.pageList != 0 else { return }
    let list = VirtualAddress(node.pageList)
    if node.kind.contains(.pageListIsArea) {
      try vfree(list, caller: node.freedBy, cpu: cpu)
    } else {
      try freeSmall(list, node.freedBy, cpu)
    }
  }

  func freeSmall(
    _ address: VirtualAddress, _ caller: CallSite, _ cpu: CPU
  ) throws(VmallocError) {
    if let objects {
      do throws(SlabError) {
        try objects.kfree(directPointer(to: address), cpu: cpu, site: caller)
      } catch {
        throw .objects(error)
      }
    } else {
      let frame = PageFrame(address.distance(from: layout.directMap.lowerBound) / pageSize)
      do throws(PageError) {
        try machine.freePages(frame, order: 0, cpu: cpu)
      } catch {
        throw .page(error)
      }
    }
  }

  /// Where the number of one of the area's pages is kept.
  func pageListSlot(_ node: AreaNode, _ page: Int) -> UnsafeMutablePointer<UInt64> {
    let address = VirtualAddress(node.pageList) + page * 8
    let bytes: UnsafeMutableRawPointer
    if node.kind.contains(.pageListIsArea) {
      guard let (_, frame) = tables.translate(address.rawValue) else {
        preconditionFailure("the page list at \(VirtualAddress(node.pageList)) is not mapped")
      }
      bytes = machine.pointer(to: frame) + address.offsetInPage
    } else {
      bytes = machine.memory.base + address.distance(from: layout.directMap.lowerBound)
    }
    return bytes.assumingMemoryBound(to: UInt64.self)
  }
}
