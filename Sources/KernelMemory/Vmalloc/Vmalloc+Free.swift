import Synchronization

/// The end of areas.
extension Vmalloc {
  /// Frees an area with its pages (`vfree`).
  ///
  /// The pages go back at once, the mapping is gone at once; the addresses wait for the next purge.
  /// - Parameters:
  ///   - address: what ``vmalloc(_:gfp:align:range:kind:caller:cpu:)`` gave; nil does nothing.
  ///   - caller: the place that frees, for reports of later misuse.
  ///   - cpu: the calling thread's processor.
  /// - Throws: ``VmallocError`` when no such area starts there; nothing changes then.
  /// - Complexity: O(pages + log areas).
  public func vfree(
    _ address: VirtualAddress?, caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) {
    guard let address else { return }
    let index = try unlink(address, kind: [.vmalloc, .ownsPages], caller: caller)
    let flushes = space.pointee.nodes[Int(index)].kind.contains(.flushAtFree)
    let problem = dispose(index, cpu)
    if flushes { purge() }
    if let problem { throw problem }
  }

  /// Frees an area later, from a context that may not sleep (`vfree_atomic`): the next ``freeDeferred(cpu:)`` does it.
  ///
  /// - Throws: as ``vfree(_:caller:cpu:)``.
  /// - Complexity: O(log areas).
  public func vfreeAtomic(
    _ address: VirtualAddress?, caller: CallSite = #function
  ) throws(VmallocError) {
    guard let address else { return }
    // Out and in again, so that a wrong address is refused in the same words.
    let index = try unlink(address, kind: [.vmalloc, .ownsPages], caller: caller)
    locked { space in
      space.pointee.nodes[Int(index)].state = .busy
      space.pointee.nodes[Int(index)].kind.insert(.deferred)
      space.pointee.busy.insert(index)
    }
    deferred.add(1, ordering: .relaxed)
  }

  /// Frees what ``vfreeAtomic(_:caller:)`` set aside (`delayed_vfree_work`). O(areas), when there are any.
  public func freeDeferred(cpu: CPU) {
    while deferred.load(ordering: .relaxed) > 0 {
      let index: UInt32 = locked { space in
        var index = space.pointee.busy.first
        while index != 0, !space.pointee.nodes[Int(index)].kind.contains(.deferred) {
          index = space.pointee.busy.next(index)
        }
        if index != 0 { space.pointee.unlinkBusy(index) }
        return index
      }
      // Another thread is at the last ones.
      guard index != 0 else { return }
      deferred.subtract(1, ordering: .relaxed)
      _ = dispose(index, cpu)
    }
  }

  /// Unmaps an area that is in no tree, frees its pages and sets its addresses aside.
  ///
  /// - Returns: the first page that could not be freed, because somebody else had freed it; the others are.
  func dispose(_ index: UInt32, _ cpu: CPU) -> VmallocError? {
    let node = space.pointee.nodes[Int(index)]
    unmapHost(node)
    var problem: VmallocError?
    let free = { (frame: PageFrame) in
      do throws(PageError) {
        try self.machine.freePages(frame, order: 0, cpu: cpu)
      } catch {
        problem = problem ?? .page(error)
      }
    }
    let putsPages = node.kind.contains([.vmap, .ownsPages])
    let guardBytes: UInt64 = node.kind.contains(.noGuard) ? 0 : UInt64(pageSize)
    tables.clear(node.start..<node.end - guardBytes) { _, entry, _ in
      if putsPages { free(entry.frame) }
    }
    if node.kind.contains(.vmalloc) {
      for page in 0..<node.pageCount { free(PageFrame(Int(pageListSlot(node, page).pointee))) }
      usedPages.subtract(node.pageCount, ordering: .relaxed)
      do throws(VmallocError) {
        try freePageList(node, cpu)
      } catch {
        problem = problem ?? error
      }
    }
    locked { space in
      space.pointee.nodes[Int(index)].host = nil
      space.pointee.freeLazily(index)
    }
    return problem
  }
}
