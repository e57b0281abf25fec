/// A call about a process's addresses that is refused; nothing has changed.
public enum UserMemoryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Not a multiple of a page.
  case misaligned(VirtualAddress)
  /// Nothing, or less, or more than a process has addresses.
  case badLength(Int)
  /// Addresses that are not a process's.
  case outOfRange(VirtualAddress, VirtualAddress)
  /// Something is mapped there already (`EEXIST` of `MAP_FIXED_NOREPLACE`).
  case occupied(VirtualAddress, VirtualAddress, by: MemoryRegion)
  /// Below the start of the heap.
  case breakBelowHeap(VirtualAddress, heap: VirtualAddress)
  /// The process has ended.
  case ended(String)
  /// The operating system refused address space for the simulation's records.
  case machine(MachineError)
  /// Not even the first page was to be had.
  case noMemory

  public var description: String {
    switch self {
    case .misaligned(let address): "\(address) is no multiple of \(pageSize)"
    case .badLength(let bytes):
      "\(bytes) bytes cannot be mapped: give at least 1, and no more than a process has addresses"
    case .outOfRange(let start, let end):
      "\(start)-\(end) are no addresses of a process"
    case .occupied(let start, let end, let region):
      "\(start)-\(end) cannot be mapped: \(region) is there; unmap it first"
    case .breakBelowHeap(let address, let heap):
      "the break cannot be \(address): the heap starts at \(heap)"
    case .ended(let name): "the process \(name) has ended; it has no memory any more"
    case .machine(let error): error.description
    case .noMemory: "there is no page left to begin with"
    }
  }
}

/// An access to a process's memory that cannot be made.
public enum UserFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// The process gets `SIGSEGV`.
  case segmentationFault(VirtualAddress, MemoryAccess, SegmentationReason)
  /// No page was to be had (`VM_FAULT_OOM`); the process is the killer's next choice, or repeats the access.
  case outOfMemory(VirtualAddress)
  /// The process ended, by itself or by the out-of-memory killer.
  case ended(String)

  public var description: String {
    switch self {
    case .segmentationFault(let address, let access, let reason):
      "segmentation fault: \(access) at \(address): \(reason)"
    case .outOfMemory(let address): "out of memory: no page for \(address)"
    case .ended(let name): "the process \(name) has ended; it has no memory any more"
    }
  }
}

/// Why an access is a segmentation fault.
public enum SegmentationReason: Hashable, Sendable, CustomStringConvertible {
  /// Nothing is mapped there (`SEGV_MAPERR`); the regions beside it, if any.
  case noMapping(below: MemoryRegion?, above: MemoryRegion?)
  /// What is mapped there does not allow it (`SEGV_ACCERR`).
  case protection(MemoryRegion)

  public var description: String {
    switch self {
    case .protection(let region): "\(region) does not allow it"
    case .noMapping(let below?, _): "nothing is mapped there; the nearest region below is \(below)"
    case .noMapping(nil, let above?):
      "nothing is mapped there; the nearest region above is \(above)"
    case .noMapping(nil, nil): "nothing is mapped at all"
    }
  }
}
