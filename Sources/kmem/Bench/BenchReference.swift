import KernelMemory

/// The reference as a contestant: a machine with a processor for each thread.
final class BenchReference {
  let machine: Machine
  private let allocator: SLUB?
  private let caches: UnsafeMutablePointer<ObjectCache>
  private var contexts: [UnsafeMutablePointer<BenchContext>] = []

  /// - Parameters:
  ///   - workload: decides the machine's size, its processors, and whether its memory must be there at once.
  ///   - cacheSizes: sizes of the caches that a recording's calls name.
  init(_ workload: Workload, cacheSizes: [Int] = []) throws(Failure) {
    do throws(MachineError) {
      machine = try Machine(memory: workload.frames * pageSize, cpus: workload.threads)
    } catch {
      throw .input("\(error)")
    }
    if workload.isTouched { machine.memory.populate() }
    caches = .allocate(capacity: cacheSizes.count)
    do throws(SlabError) {
      allocator = workload.service == .objects ? try SLUB(machine) : nil
      for (index, size) in cacheSizes.enumerated() {
        guard let allocator else { break }
        (caches + index).initialize(to: try allocator.createCache("size-\(size)", size: size))
      }
    } catch {
      throw .input("\(error)")
    }
    // Where most of the memory is: DMA32 or Normal, or DMA on the smallest machine.
    let zone = machine.node.zones.max { $0.managed < $1.managed }!
    for cpu in machine.cpus {
      let context = UnsafeMutablePointer<BenchContext>.allocate(capacity: 1)
      context.initialize(
        to: BenchContext(
          cpu: cpu, zone: zone,
          allocator: allocator.map { .passUnretained($0) }, caches: caches))
      contexts.append(context)
    }
  }

  deinit {
    contexts.forEach { $0.deallocate() }
    caches.deallocate()
  }

  /// Pages that are handed out, over all zones.
  var pagesHeld: Int { machine.node.zones.reduce(0) { $0 + machine.pages(in: $1).allocated } }

  /// Takes a page, or an object of 64 bytes, and gives it back, so many times.
  func pairs(_ count: Int) {
    if let allocator {
      Self.objectPairs(allocator, machine.cpus[0], count)
    } else {
      Self.pagePairs(machine, machine.cpus[0], count)
    }
  }

  @inline(never)
  private static func pagePairs(_ machine: Machine, _ cpu: CPU, _ count: Int) {
    do throws(PageError) {
      for _ in 0..<count {
        guard let page = try machine.allocatePages(order: 0, gfp: .kernel, cpu: cpu) else { return }
        try machine.freePages(page, order: 0, cpu: cpu)
      }
    } catch { benchRefused(error) }
  }

  @inline(never)
  private static func objectPairs(_ allocator: SLUB, _ cpu: CPU, _ count: Int) {
    do throws(SlabError) {
      for _ in 0..<count {
        guard let object = try allocator.kmalloc(64, gfp: .kernel, cpu: cpu) else {
          return
        }
        try allocator.kfree(object, cpu: cpu)
      }
    } catch { benchRefused(error) }
  }

  /// The reference as a workload's service, on the processor of a thread.
  func subject(_ workload: Workload, thread: Int) -> BenchSubject {
    let context = UnsafeMutableRawPointer(contexts[thread])
    let (allocate, free) = workload.entries
    let isOfObjects = workload.service == .objects
    return BenchSubject(
      name: "reference", allocate: allocate, free: free, context: context,
      base: isOfObjects ? nil : machine.memory.base, shift: isOfObjects ? 0 : 12)
  }
}
