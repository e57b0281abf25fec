import KernelMemory

/// The reference as a contestant: a machine with a processor for each thread.
final class BenchReference {
  let machine: Machine
  private var contexts: [UnsafeMutablePointer<PageContext>] = []

  /// What the entries of pages need, in raw memory.
  struct PageContext {
    let machine: Unmanaged<Machine>
    let cpu: CPU
    let zone: Zone
  }

  init(
    frames: Int, threads: Int, isTouched: Bool, caches: [Int] = []
  ) throws(Failure) {
    do throws(MachineError) {
      machine = try Machine(memory: frames * pageSize, cpus: threads)
    } catch {
      throw .input("\(error)")
    }
    if isTouched { machine.memory.populate() }
    // Where most of the memory is: DMA32 or Normal, or DMA on the smallest machine.
    let zone = machine.node.zones.max { $0.managed < $1.managed }!
    for cpu in machine.cpus {
      let context = UnsafeMutablePointer<PageContext>.allocate(capacity: 1)
      context.initialize(
        to: PageContext(machine: .passUnretained(machine), cpu: cpu, zone: zone))
      contexts.append(context)
    }
  }

  deinit { contexts.forEach { $0.deallocate() } }

  /// Whether object caches are part of the reference.
  static let hasObjects = false

  /// Pages that are handed out, over all zones.
  var pagesHeld: Int { machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated } }

  /// The reference as `service`, on the processor of a thread.
  func subject(_ service: Workload.Service, thread: Int) -> BenchSubject {
    let context = UnsafeMutableRawPointer(contexts[thread])
    switch service {
    case .pages:
      return BenchSubject(
        name: "reference",
        allocate: { order, context in
          let context = context.unsafelyUnwrapped.assumingMemoryBound(to: PageContext.self)
          return context.pointee.machine._withUnsafeGuaranteedRef {
            (try? $0.allocatePages(order: order, gfp: .kernel, cpu: context.pointee.cpu))?.number
              ?? 0
          }
        },
        free: { frame, order, context in
          let context = context.unsafelyUnwrapped.assumingMemoryBound(to: PageContext.self)
          context.pointee.machine._withUnsafeGuaranteedRef {
            try? $0.freePages(PageFrame(frame), order: order, cpu: context.pointee.cpu)
          }
        }, context: context, base: machine.memory.base, shift: 12)
    case .buddy:
      return BenchSubject(
        name: "reference",
        allocate: { order, context in
          let context = context.unsafelyUnwrapped.assumingMemoryBound(to: PageContext.self)
          return context.pointee.zone.allocateBlock(order: order)?.number ?? 0
        },
        free: { frame, order, context in
          let context = context.unsafelyUnwrapped.assumingMemoryBound(to: PageContext.self)
          try? context.pointee.zone.freeBlock(PageFrame(frame), order: order)
        }, context: context, base: machine.memory.base, shift: 12)
    case .objects: return BenchFloor.call(memory: machine.memory.base)
    }
  }
}
