/// A call that ``Vmalloc`` refuses; nothing has changed.
public enum VmallocError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Nothing, or less, was asked for.
  case badSize(Int)
  /// More than the machine's memory.
  case tooLarge(bytes: Int, memory: Int)
  /// The mask forbids to sleep.
  case cannotSleep(GFPFlags)
  /// Not a power of two.
  case badAlignment(Int)
  /// Addresses that are not the kernel's to give, or no addresses at all.
  case badRange(VirtualAddress, VirtualAddress)
  /// No area starts at the address.
  case notAnArea(VirtualAddress)
  /// The address is inside an area, not its start.
  case insideArea(VirtualAddress, VmallocArea)
  /// The area is free already.
  case alreadyFreed(VmallocArea)
  /// The area was made by another call; `use` names the one that undoes it.
  case wrongKind(VmallocArea, use: String)
  /// Not a page that somebody owns.
  case notAllocated(PageFrame, PageUse)
  /// The address is no start of a block of the kernel's directly mapped memory.
  case page(PageError)
  /// What `kmalloc` or `kfree` said.
  case objects(SlabError)
  /// `kvmalloc` without `kmalloc`.
  case noObjects
  /// `__GFP_NOFAIL` was given, and the memory is used up for good.
  case cannotKeepPromise(GFPFlags)
  /// The page tables that every machine has take more pages than there are.
  case noMemoryForPageTables(pages: Int)
  /// The operating system refused address space for the allocator's own records.
  case machine(MachineError)
  /// The area cannot be shown to this process side by side.
  case noHostMapping(HostMappingFailure)

  public var description: String {
    switch self {
    case .badSize(let bytes):
      "an area of \(bytes) bytes cannot be made: ask for at least 1"
    case .tooLarge(let bytes, let memory):
      "an area of \(bytes) bytes cannot be made: the machine has \(memory) bytes of memory in all"
    case .cannotSleep(let gfp):
      "vmalloc may sleep, but the mask \(gfp) forbids it (no __GFP_DIRECT_RECLAIM): call it with "
        + "GFP_KERNEL outside atomic context, or take kmalloc, which gives memory of one piece"
    case .badAlignment(let alignment):
      "an area cannot be aligned to \(alignment) bytes: give a power of two"
    case .badRange(let start, let end):
      "\(start)-\(end) are no addresses that areas are made in"
    case .notAnArea(let address):
      "no area starts at \(address), nor was one freed there lately"
    case .insideArea(let address, let area):
      "\(address) is inside \(area), \(address.distance(from: area.start)) bytes from its start: "
        + "give the start"
    case .alreadyFreed(let area):
      "\(area) is free already" + (area.freedBy.isEmpty ? "" : ": \(area.freedBy) freed it")
    case .wrongKind(let area, let use):
      "\(area) was not made by this call's counterpart: undo it with \(use)"
    case .notAllocated(let frame, let use):
      "page frame \(frame) cannot be mapped: it is \(use.words)"
    case .page(let error): error.description
    case .objects(let error): error.description
    case .noObjects:
      "kvmalloc tries kmalloc first, but this Vmalloc was made without it: give it an object allocator "
        + "(objects: SLUB(machine))"
    case .cannotKeepPromise(let gfp):
      "the mask \(gfp) forbids failure (__GFP_NOFAIL), but nothing is left and nothing comes back: a "
        + "real kernel would hang here"
    case .noMemoryForPageTables(let pages):
      "the kernel's page tables take \(pages) pages, which this machine has not: give it more memory, or "
        + "leave the top level to be filled on demand (preallocatesTopLevel: false)"
    case .machine(let error): error.description
    case .noHostMapping(let failure): failure.description
    }
  }
}

/// Why an area cannot be shown to this process as one stretch of memory.
public enum HostMappingFailure: Hashable, Sendable, CustomStringConvertible {
  /// The machine's memory is private, and the same page cannot be shown twice.
  case memoryIsPrivate
  /// This process's pages are larger than the machine's.
  case pageSize(Int)
  /// Device memory, or bare addresses: there are no bytes.
  case noPages
  /// The operating system refused; the number is its `errno`.
  case refused(Int32)
  /// No `mmap` on this system.
  case unsupported

  public var description: String {
    let reason =
      switch self {
      case .memoryIsPrivate:
        "the machine's memory is private to its arena: boot it with sharedMemory: true"
      case .pageSize(let bytes):
        "this system's pages have \(bytes) bytes, the machine's \(KernelMemory.pageSize)"
      case .noPages: "it has no pages of memory"
      case .refused(let number):
        "the operating system refused (errno \(number)); it allows a limited number of mappings "
          + "(vm.max_map_count)"
      case .unsupported: "this system has no mmap"
      }
    return "the area cannot be mapped in one piece: \(reason)"
  }
}

extension PageUse {
  /// `free`, `reserved`, ….
  var words: String {
    switch self {
    case .foreign: "not memory of this machine"
    case .reserved: "reserved"
    case .free(let head, let order): "free, in the block of order \(order) at \(head)"
    case .perCPU(let head, let order):
      "free, in the block of order \(order) at \(head) on a per-CPU list"
    case .allocated(let head, let order): "allocated, in the block of order \(order) at \(head)"
    }
  }
}
