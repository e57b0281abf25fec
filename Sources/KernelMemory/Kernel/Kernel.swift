/// A booted machine with all its allocators: the short way in.
///
/// ```swift
/// let kernel = try Kernel(megabytes: 64)
/// if let buffer = try kernel.kmalloc(100) {
///   buffer.storeBytes(of: 42, as: Int.self)
///   try kernel.kfree(buffer)
/// }
/// print(kernel.shutDown())
/// ```
///
/// Many threads may call it at once: each call runs on a CPU that no other thread uses meanwhile. A caller that
/// counts instructions takes a ``CPU`` of its own from ``machine`` and calls ``slab`` and ``machine`` directly; it
/// must not then use the CPUs through this type too. Counterpart: what `mm_core_init` in `mm/mm_init.c` sets up.
public final class Kernel: Sendable {
  /// Memory, zones and the page allocator.
  public let machine: Machine
  /// Object caches and `kmalloc`.
  public let slab: SLUB
  /// Memory that is contiguous in addresses alone.
  public let areas: Vmalloc

  let pool: CPUPool

  /// Boots a machine in Linux's order: page allocator, object caches, virtual areas.
  ///
  /// - Parameters:
  ///   - megabytes: physical memory; costs the host only what is touched.
  ///   - cpus: processors, 1 to 64. More threads than CPUs wait for each other.
  ///   - kind: which zones there are.
  ///   - debug: what `slub_debug` would switch on for all caches; finds misuse at the price of speed.
  ///   - sharedMemory: whether ``Vmalloc/hostMemory(of:)`` shall work.
  /// - Throws: ``KernelError`` when the machine cannot be built.
  public init(
    megabytes: Int, cpus: Int = 1, kind: MachineKind = .x86_64, debug: SlabFlags = [],
    sharedMemory: Bool = false
  ) throws(KernelError) {
    let (bytes, overflows) = megabytes.multipliedReportingOverflow(by: 1 << 20)
    do throws(MachineError) {
      machine = try Machine(
        kind: kind, memory: overflows ? .max : bytes, cpus: cpus, sharedMemory: sharedMemory)
    } catch {
      throw .machine(error)
    }
    do throws(SlabError) {
      slab = try SLUB(machine, options: SLUB.Options(debug: debug))
    } catch {
      throw .slab(error)
    }
    do throws(VmallocError) {
      areas = try Vmalloc(machine: machine, objects: slab, cpu: machine.cpus[0])
    } catch {
      throw .areas(error)
    }
    pool = CPUPool(machine.cpus)
  }

  /// Runs `body` with a CPU that no other thread uses meanwhile, for calls that this type does not repeat.
  public func withCPU<Result, Failure: Error>(
    _ body: (CPU) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try pool.withCPU(body)
  }
}

/// Why a machine could not be booted.
public enum KernelError: Error, Hashable, Sendable, CustomStringConvertible {
  case machine(MachineError)
  case slab(SlabError)
  case areas(VmallocError)

  public var description: String {
    switch self {
    case .machine(let error): error.description
    case .slab(let error): error.description
    case .areas(let error): error.description
    }
  }
}
