import Synchronization

/// Pages that were asked for before the lock was taken, for a fault or a fork to use.
struct PageStash {
  var tables: [PageFrame] = []
  var page: (frame: PageFrame, isZeroed: Bool)?
}

/// How far an attempt under the lock came.
enum FaultStep {
  case done
  /// A page for a table is missing.
  case needsTable
  /// A page of the process's own is missing, of zeros or to be written to at once.
  case needsPage(zeroed: Bool)
}

extension UserMemory {
  /// A page for a table of a process (`GFP_KERNEL_ACCOUNT | __GFP_ZERO`).
  func tablePage(_ cpu: CPU) -> PageFrame? {
    (try? machine.allocatePages(order: 0, gfp: [.kernelAccount, .zero], cpu: cpu)) ?? nil
  }
}

/// Demand paging. Source: `handle_mm_fault`, `do_anonymous_page`, `do_wp_page`, `do_swap_page` in `mm/memory.c`.
extension AddressSpace {
  /// Does what a processor's page fault has the kernel do.
  ///
  /// - Throws: ``UserFault``.
  func fault(_ address: VirtualAddress, _ access: MemoryAccess, cpu: CPU) throws(UserFault) {
    var stash = PageStash()
    defer { giveBack(&stash, cpu) }
    while true {
      // Under the lock nothing may sleep: what is missing is asked for outside, then all is looked at anew.
      switch try memory.locked({ () throws(UserFault) in try attempt(address, access, &stash, cpu) }
      )
      {
      case .done: return
      case .needsTable:
        guard let table = memory.tablePage(cpu) else { throw outOfMemory(address) }
        stash.tables.append(table)
      case .needsPage(let zeroed):
        let gfp: GFPFlags = zeroed ? [.highuserMovable, .comp, .zero] : [.highuserMovable, .comp]
        guard
          let page = (try? memory.machine.allocatePages(order: 0, gfp: gfp, cpu: cpu)) ?? nil
        else { throw outOfMemory(address) }
        stash.page = (page, zeroed)
      }
    }
  }

  private func outOfMemory(_ address: VirtualAddress) -> UserFault {
    wasKilled ? .ended(name) : .outOfMemory(address)
  }

  func giveBack(_ stash: inout PageStash, _ cpu: CPU) {
    for table in stash.tables { memory.machine.release(table, cpu: cpu) }
    if let page = stash.page { memory.machine.release(page.frame, cpu: cpu) }
    stash = PageStash()
  }

  /// The entry of an address, with tables out of the stash; nil when there are not enough. Needs the lock.
  func makeSlot(_ address: VirtualAddress, _ stash: inout PageStash) -> PageTables.Slot? {
    tables.makeSlot(
      address.page.rawValue,
      allocate: {
        guard let table = stash.tables.popLast() else { return nil }
        tableCount.add(1, ordering: .relaxed)
        return table
      },
      // Nobody else changes the tables under the lock.
      release: { _ in })
  }

  /// One look at the fault (`handle_pte_fault`). Needs the lock.
  private func attempt(
    _ address: VirtualAddress, _ access: MemoryAccess, _ stash: inout PageStash, _ cpu: CPU
  ) throws(UserFault) -> FaultStep {
    guard isAlive else { throw .ended(name) }
    guard userRange.contains(address), let region = map.containing(address) else {
      let (below, above) = map.neighbours(of: address)
      throw .segmentationFault(address, access, .noMapping(below: below, above: above))
    }
    // A processor that may write may read.
    guard
      region.protection.contains(access == .write ? .write : .read)
        || access == .read && region.protection.contains(.write)
    else { throw .segmentationFault(address, access, .protection(region)) }
    guard let slot = makeSlot(address, &stash) else { return .needsTable }
    let entry = PageTableEntry(rawValue: slot.pointee.load(ordering: .relaxed))
    if let swapSlot = entry.swapSlot { return swapIn(swapSlot, slot, region, &stash) }
    if access == .read {
      if entry.isNone {
        // All who only look see the same zeros.
        set(slot, .userPage(memory.zeroPage, isWritable: false))
        memory.counts.zeroPageMaps += 1
        memory.counts.minorFaults += 1
      }
      return .done
    }
    if entry.isWritable { return .done }
    return write(entry, slot, &stash, cpu)
  }

  /// A write to nothing, to the zero page, or to a page that may be shared.
  private func write(
    _ entry: PageTableEntry, _ slot: PageTables.Slot, _ stash: inout PageStash, _ cpu: CPU
  ) -> FaultStep {
    if entry.isNone || entry.frame == memory.zeroPage {
      guard let page = take(&stash, zeroed: true) else { return .needsPage(zeroed: true) }
      memory.addUser(page)
      addResident(1)
      set(slot, .userPage(page, isWritable: true))
      memory.counts.minorFaults += 1
      return .done
    }
    let shared = entry.frame
    if memory.isExclusive(shared) {
      memory.forgetSlot(of: shared)
      set(slot, .userPage(shared, isWritable: true))
      memory.counts.reuses += 1
    } else {
      guard let page = take(&stash, zeroed: false) else { return .needsPage(zeroed: false) }
      memory.machine.pointer(to: page).copyMemory(
        from: memory.machine.pointer(to: shared), byteCount: pageSize)
      memory.addUser(page)
      set(slot, .userPage(page, isWritable: true))
      memory.dropUser(shared, cpu: cpu)
      memory.counts.copies += 1
      memory.counts.tlbFlushes += 1
    }
    memory.counts.minorFaults += 1
    return .done
  }

  /// A page comes back from swap: from the swap cache without reading, else into a page of its own.
  private func swapIn(
    _ swapSlot: Int, _ slot: PageTables.Slot, _ region: MemoryRegion, _ stash: inout PageStash
  ) -> FaultStep {
    let cached = memory.swap.pointee.cached[swapSlot]
    if cached != 0 {
      let frame = PageFrame(Int(cached - 1))
      memory.addUser(frame)
      set(slot, .userPage(frame, isWritable: false))
      memory.dropSlot(swapSlot)
      memory.counts.minorFaults += 1
    } else {
      guard let page = take(&stash, zeroed: false) else { return .needsPage(zeroed: false) }
      memory.machine.pointer(to: page).copyMemory(
        from: memory.swap.pointee.pointer(to: swapSlot), byteCount: pageSize)
      memory.addUser(page)
      // Others whose entries name the slot shall find this page.
      let isLast = memory.swap.pointee.counts[swapSlot] == 1
      if !isLast {
        memory.swap.pointee.cached[swapSlot] = UInt32(page.number + 1)
        memory.slotOfFrame[page.number] = UInt32(swapSlot + 1)
      }
      set(slot, .userPage(page, isWritable: isLast && region.protection.contains(.write)))
      memory.dropSlot(swapSlot)
      memory.counts.majorFaults += 1
    }
    addResident(1)
    addSwapEntries(-1)
    return .done
  }

  private func take(_ stash: inout PageStash, zeroed: Bool) -> PageFrame? {
    guard let page = stash.page else { return nil }
    stash.page = nil
    if zeroed, !page.isZeroed {
      memory.machine.pointer(to: page.frame).initializeMemory(
        as: UInt8.self, repeating: 0, count: pageSize)
    }
    return page.frame
  }

  private func set(_ slot: PageTables.Slot, _ entry: PageTableEntry) {
    slot.pointee.store(entry.rawValue, ordering: .releasing)
  }
}

extension UserMemory {
  /// Whether a page may be written to in place: one entry leads to it, and no entry names its slot. Needs the lock.
  func isExclusive(_ frame: PageFrame) -> Bool {
    guard users[frame.number] == 1 else { return false }
    let slot = slotOfFrame[frame.number]
    return slot == 0 || swap.pointee.counts[Int(slot - 1)] == 0
  }
}
