import Synchronization

/// The kernel's page tables: pages for them, mapping and unmapping.
extension Vmalloc {
  /// The entry of an address, with all tables on the way to it; nil when pages ran out.
  ///
  /// Tables are always asked for with `GFP_KERNEL`, whatever the area's mask; but what the mask forbids to reclaim, file
  /// systems or input and output, is forbidden for them, too (`memalloc_nofs_save` around `vmap_pages_range`).
  func makeSlot(
    _ address: UInt64, shift: Int = PageTables.pageShift, gfp: GFPFlags, _ cpu: CPU
  ) -> PageTables.Slot? {
    var mask: GFPFlags = [.kernel, .zero]
    if !gfp.contains(.fs) { mask.remove(.fs) }
    if !gfp.contains(.io) { mask.subtract([.io, .fs]) }
    return tables.makeSlot(
      address, shift: shift,
      allocate: {
        let page = (try? machine.allocatePages(order: 0, gfp: mask, cpu: cpu)) ?? nil
        if page != nil { tablePages.add(1, ordering: .relaxed) }
        return page
      },
      release: { page in
        machine.release(page, cpu: cpu)
        tablePages.subtract(1, ordering: .relaxed)
      })
  }

  /// Maps pages side by side (`vmap_pages_range`); false when there was no page for a table, with some mapped.
  ///
  /// - Parameter frame: the page of each index.
  func map(
    _ start: UInt64, pages: Int, rights: PageTableEntry, gfp: GFPFlags, cpu: CPU,
    _ frame: (Int) -> PageFrame
  ) -> Bool {
    var slot: PageTables.Slot?
    for page in 0..<pages {
      let address = start + UInt64(page * pageSize)
      // Neighbours lie side by side in a table.
      if let last = slot, address >> 12 & 511 != 0 {
        slot = last + 1
      } else {
        slot = makeSlot(address, gfp: gfp, cpu)
      }
      guard let slot else { return false }
      slot.pointee.store(rights.mapping(frame(page)).rawValue, ordering: .releasing)
    }
    return true
  }

  /// Maps blocks of 2 MiB; false when there was no page for a table.
  func mapHuge(
    _ start: UInt64, blocks: Int, rights: PageTableEntry, gfp: GFPFlags, cpu: CPU,
    _ frame: (Int) -> PageFrame
  ) -> Bool {
    for block in 0..<blocks {
      let address = start + UInt64(block) << UInt64(PageTables.hugeShift)
      guard let slot = makeSlot(address, shift: PageTables.hugeShift, gfp: gfp, cpu) else {
        return false
      }
      let old = PageTableEntry(rawValue: slot.pointee.load(ordering: .acquiring))
      // A table that small areas left behind makes room; it is empty (`pmd_free_pte_page`).
      if old.isPresent, !old.isHuge {
        slot.pointee.store(0, ordering: .releasing)
        machine.release(old.frame, cpu: cpu)
        tablePages.subtract(1, ordering: .relaxed)
      }
      var entry = rights.mapping(frame(block))
      entry.rawValue |= PageTableEntry.huge
      slot.pointee.store(entry.rawValue, ordering: .releasing)
    }
    return true
  }

  /// Gives every table back, the top level last. Nothing may be mapped.
  func freeTables(cpu: CPU) {
    tables.forEachTable { table, _ in
      machine.release(table, cpu: cpu)
      tablePages.subtract(1, ordering: .relaxed)
    }
    machine.release(tables.root, cpu: cpu)
    tablePages.subtract(1, ordering: .relaxed)
  }

  /// Ends the use of this object: purges all addresses and gives the page tables' pages back.
  ///
  /// - Returns: the areas that nobody freed. Their addresses are gone with the tables; their pages stay allocated.
  @discardableResult
  public func tearDown(cpu: CPU) -> [VmallocArea] {
    guard !isTornDown.exchange(true, ordering: .acquiringAndReleasing) else { return [] }
    freeDeferred(cpu: cpu)
    let leaked = areas
    // Who forgot an area did not ask for the list of its pages.
    for node in takePageLists() {
      do throws(VmallocError) {
        try freePageList(node, cpu)
      } catch {
        machine.log.append("BUG: Bad list of pages: \(error)")
      }
    }
    _ = locked { $0.pointee.purge(full: true) }
    freeTables(cpu: cpu)
    return leaked
  }

  /// Copies of the areas in use whose lists of pages are no areas themselves; the areas have none any more.
  private func takePageLists() -> [AreaNode] {
    var nodes: [AreaNode] = []
    locked { space in
      var index = space.pointee.busy.first
      while index != 0 {
        let node = space.pointee.nodes + Int(index)
        if node.pointee.pageList != 0, !node.pointee.kind.contains(.pageListIsArea) {
          nodes.append(node.pointee)
          node.pointee.pageList = 0
        }
        index = space.pointee.busy.next(index)
      }
    }
    return nodes
  }
}
