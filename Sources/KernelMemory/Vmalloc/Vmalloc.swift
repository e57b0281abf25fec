import Synchronization

/// Memory that is contiguous in addresses, though its pages lie anywhere: areas, and the kernel's page tables.
///
/// Many threads may call it at once, each with a ``CPU`` of its own. Addresses are ``VirtualAddress``es; bytes are
/// reached through the page tables with ``load(at:as:)``, ``store(_:at:)``, ``read(_:into:)`` and ``write(_:from:)``, or
/// through ``hostMemory(of:)`` where the system allows that. Source: `mm/vmalloc.c`.
public final class Vmalloc: @unchecked Sendable {
  public let machine: Machine
  /// Gives small things: lists of pages, and what ``kvmalloc(_:gfp:caller:cpu:)`` tries first; nil takes pages instead.
  public let objects: SlabAllocator?
  public let layout: KernelLayout
  /// The kernel's page tables (`init_mm.pgd`).
  public let tables: PageTables
  /// Vmap nodes: with more than 1, each CPU gets back the addresses that it freed (`nr_vmap_nodes`).
  public let vmapNodes: Int

  let space: UnsafeMutablePointer<AreaSpaceState>
  /// Pages of page tables, the top level included.
  let tablePages = Atomic<Int>(0)
  /// Pages that areas own (`nr_vmalloc_pages`).
  let usedPages = Atomic<Int>(0)
  /// Allocations undone half way, for want of pages.
  let pageFailures = Atomic<Int>(0)
  let isTornDown = Atomic<Bool>(false)
  /// Areas that wait for ``freeDeferred(cpu:)``.
  let deferred = Atomic<Int>(0)

  /// The most areas, free stretches included.
  static let areaCapacity = 1 << 20

  /// Sets up the addresses and the top of the page tables (`vmalloc_init`, `preallocate_vmalloc_pages`).
  ///
  /// - Parameters:
  ///   - machine: its page allocator gives all pages, those of the tables included.
  ///   - objects: where `kmalloc` is to be had, over the same machine.
  ///   - vmapNodes: 1 to 128; nil as Linux chooses, the number of CPUs on the 64-bit machine, else 1.
  ///   - preallocatesTopLevel: whether all tables of the second level are made at once, 64 pages on the 64-bit
  ///     machine, so that no top level ever changes later; processes copy it.
  ///   - cpu: the calling thread's processor.
  /// - Throws: ``VmallocError/noMemoryForPageTables(pages:)``, ``VmallocError/machine(_:)``.
  public init(
    machine: Machine, objects: SlabAllocator? = nil, vmapNodes: Int? = nil,
    preallocatesTopLevel: Bool = true, cpu: CPU
  ) throws(VmallocError) {
    self.machine = machine
    self.objects = objects
    layout = KernelLayout(machine.kind, memory: machine.memory.byteCount)
    let nodes = vmapNodes ?? (machine.kind == .x86_64 ? machine.cpus.count : 1)
    self.vmapNodes = min(max(nodes, 1), 128)
    guard let root = try Self.page([.kernel, .zero], machine, cpu) else {
      throw .noMemoryForPageTables(pages: 1)
    }
    tables = PageTables(
      base: machine.memory.base, root: root, topShift: machine.kind == .x86_64 ? 39 : 30,
      tableBits: PageTableEntry.kernelTable)
    let areas = layout.areas
    let state: AreaSpaceState
    do throws(MachineError) {
      state = try AreaSpaceState(
        whole: areas.lowerBound.rawValue..<areas.upperBound.rawValue, nodes: self.vmapNodes,
        // 32 MiB for each bit of the number of CPUs (`lazy_max_pages`).
        lazyMax: (Int.bitWidth - machine.cpus.count.leadingZeroBitCount) * (32 << 20) / pageSize,
        capacity: Self.areaCapacity)
    } catch {
      machine.release(root, cpu: cpu)
      throw .machine(error)
    }
    space = .allocate(capacity: 1)
    space.initialize(to: state)
    tablePages.store(1, ordering: .relaxed)
    if preallocatesTopLevel && machine.kind == .x86_64 {
      let missing = preallocate(cpu: cpu)
      if missing > 0 {
        freeTables(cpu: cpu)
        throw .noMemoryForPageTables(pages: missing)
      }
    }
    machine.add(usageOf: self)
  }

  deinit {
    // Mappings into this process end with the areas. Not by way of the trees, which may be broken.
    for index in 1..<space.pointee.pool.firstUnused { unmapHost(space.pointee.nodes[Int(index)]) }
    space.deinitialize(count: 1)
    space.deallocate()
  }

  // MARK: Figures

  /// Bytes of addresses that areas are made in (`VmallocTotal`, whose last byte Linux does not count).
  public var totalBytes: Int {
    layout.vmalloc.upperBound.distance(from: layout.vmalloc.lowerBound) - 1
  }

  /// Bytes of the pages that areas own (`VmallocUsed`). Areas of `vmap` own none.
  public var usedBytes: Int { usedPages.load(ordering: .relaxed) * pageSize }

  /// `VmallocChunk`: 0, as in every Linux since 4.4; the largest hole is ``largestHole``.
  public var chunkBytes: Int { 0 }

  /// Bytes of the largest free stretch of addresses. O(1).
  public var largestHole: Int {
    locked { space in Int(space.pointee.nodes[Int(space.pointee.free.root)].subtreeMax) }
  }

  /// Pages that page tables take. Tables of areas are not given back before ``tearDown(cpu:)``: the next area
  /// will need them, and the top of the tables is shared by all processes.
  public var pageTablePages: Int { tablePages.load(ordering: .relaxed) }

  /// Pages' worth of freed addresses that wait for a purge (`vmap_lazy_nr`).
  public var lazyPages: Int { locked { $0.pointee.lazyPages } }

  /// A purge follows when more than this waits (`lazy_max_pages`).
  public var lazyMax: Int { locked { $0.pointee.lazyMax } }

  /// What happened to addresses so far.
  public var statistics: AreaStatistics { locked { $0.pointee.statistics } }

  /// Allocations that were undone half way, because pages ran out.
  public var failedAllocations: Int { pageFailures.load(ordering: .relaxed) }

  /// The areas in use, in ascending order. O(areas).
  public var areas: [VmallocArea] {
    var areas: [VmallocArea] = []
    locked { space in
      var index = space.pointee.busy.first
      while index != 0 {
        areas.append(VmallocArea(space.pointee.nodes[Int(index)]))
        index = space.pointee.busy.next(index)
      }
    }
    return areas
  }

  /// The areas that a call site made, in ascending order. O(areas).
  public func areas(calledFrom caller: String) -> [VmallocArea] {
    areas.filter { $0.caller == caller }
  }

  /// The area in use that holds an address, its guard page included; nil in a gap. O(log areas).
  public func area(containing address: VirtualAddress) -> VmallocArea? {
    locked { space in
      let index = space.pointee.busy.containing(address.rawValue)
      return index == 0 ? nil : VmallocArea(space.pointee.nodes[Int(index)])
    }
  }

  /// Whether an address is one of the areas' (`is_vmalloc_or_module_addr`).
  public func isVmallocAddress(_ address: VirtualAddress) -> Bool {
    layout.vmalloc.contains(address) || layout.modules.contains(address)
  }

  // MARK: Help

  /// Runs `body` with the addresses' records to itself. Pages must not be allocated within: that may sleep.
  func locked<Result>(_ body: (UnsafeMutablePointer<AreaSpaceState>) -> Result) -> Result {
    space.pointee.lock.lock()
    defer { space.pointee.lock.unlock() }
    return body(space)
  }

  /// One page, with the page allocator's refusals in this type's words.
  static func page(_ gfp: GFPFlags, _ machine: Machine, _ cpu: CPU) throws(VmallocError)
    -> PageFrame?
  {
    do throws(PageError) {
      return try machine.allocatePages(order: 0, gfp: gfp, cpu: cpu)
    } catch {
      throw .page(error)
    }
  }

  private func preallocate(cpu: CPU) -> Int {
    var missing = 0
    var address = layout.vmalloc.lowerBound.rawValue
    while address < layout.vmalloc.upperBound.rawValue {
      if makeSlot(address, shift: tables.topShift - PageTables.bitsPerLevel, gfp: .kernel, cpu)
        == nil
      {
        missing += 1
      }
      address += 1 << UInt64(tables.topShift)
    }
    return missing
  }
}
