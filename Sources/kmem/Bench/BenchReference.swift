import KernelMemory

/// The reference as a contestant: a machine with a processor for each thread.
final class BenchReference {
  let machine: Machine
  private let allocator: SLUB?
  private let caches: UnsafeMutablePointer<ObjectCache>
  private var contexts: [UnsafeMutablePointer<Context>] = []

  /// What the entries need, in raw memory.
  private struct Context {
    let machine: Unmanaged<Machine>
    let cpu: CPU
    let zone: Zone
    let allocator: Unmanaged<SLUB>?
    /// The caches that sizes with ``BenchRecording/cacheBit`` name.
    let caches: UnsafeMutablePointer<ObjectCache>
  }

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
      let context = UnsafeMutablePointer<Context>.allocate(capacity: 1)
      context.initialize(
        to: Context(
          machine: .passUnretained(machine), cpu: cpu, zone: zone,
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
        guard let object = try allocator.kmalloc(64, gfp: .kernel, cpu: cpu, site: site) else {
          return
        }
        try allocator.kfree(object, cpu: cpu, site: site)
      }
    } catch { benchRefused(error) }
  }

  /// The reference as a workload's service, on the processor of a thread.
  func subject(_ workload: Workload, thread: Int) -> BenchSubject {
    let context = UnsafeMutableRawPointer(contexts[thread])
    let base = machine.memory.base
    return switch workload.service {
    case .pages where workload.isOfSinglePages: Self.singlePages(context, base)
    case .pages: Self.pages(context, base)
    case .buddy: Self.buddy(context, base)
    case .objects where workload.shape == .recording: Self.recorded(context)
    case .objects: Self.objects(context)
    }
  }

  /// Pages of order 0, as `alloc_page` and `free_page` ask for them.
  ///
  /// The slow paths have a function of their own, or the registers that it saves would be saved for each call, which
  /// is the adapter's doing: code that the fast path is inlined into has its own frame.
  private static func singlePages(
    _ context: UnsafeMutableRawPointer, _ base: UnsafeMutableRawPointer
  ) -> BenchSubject {
    BenchSubject(
      name: "reference",
      allocate: { order, context in
        let context = context.unsafelyUnwrapped.assumingMemoryBound(to: Context.self)
        if let page = context.pointee.cpu.takeReady(order: 0, gfp: .kernel) { return page.number }
        return BenchReference.allocateSlowly(order, context)
      },
      free: { frame, order, context in
        let context = context.unsafelyUnwrapped.assumingMemoryBound(to: Context.self)
        if context.pointee.cpu.putBack(frame, order: 0) { return }
        BenchReference.freeSlowly(frame, order, context)
      }, context: context, base: base, shift: 12)
  }

  @inline(never)
  private static func allocateSlowly(_ order: Int, _ context: UnsafeMutablePointer<Context>) -> Int {
    do throws(PageError) {
      return try context.pointee.cpu.allocatePages(order: order, gfp: .kernel)?.number ?? 0
    } catch {
      return 0
    }
  }

  @inline(never)
  private static func freeSlowly(
    _ frame: Int, _ order: Int, _ context: UnsafeMutablePointer<Context>
  ) {
    do throws(PageError) {
      try context.pointee.cpu.freePages(PageFrame(frame), order: order)
    } catch { benchRefused(error) }
  }

  private static func pages(
    _ context: UnsafeMutableRawPointer, _ base: UnsafeMutableRawPointer
  ) -> BenchSubject {
    BenchSubject(
      name: "reference",
      allocate: { order, context in
        let context = context.unsafelyUnwrapped.assumingMemoryBound(to: Context.self)
        do throws(PageError) {
          return try context.pointee.cpu.allocatePages(order: order, gfp: .kernel)?.number ?? 0
        } catch {
          return 0
        }
      },
      free: { frame, order, context in
        let context = context.unsafelyUnwrapped.assumingMemoryBound(to: Context.self)
        do throws(PageError) {
          try context.pointee.cpu.freePages(PageFrame(frame), order: order)
        } catch { benchRefused(error) }
      }, context: context, base: base, shift: 12)
  }

  private static func buddy(
    _ context: UnsafeMutableRawPointer, _ base: UnsafeMutableRawPointer
  ) -> BenchSubject {
    BenchSubject(
      name: "reference",
      allocate: { order, context in
        let context = context.unsafelyUnwrapped.assumingMemoryBound(to: Context.self)
        return context.pointee.zone.allocateBlock(order: order)?.number ?? 0
      },
      free: { frame, order, context in
        let context = context.unsafelyUnwrapped.assumingMemoryBound(to: Context.self)
        do throws(PageError) {
          try context.pointee.zone.freeBlock(PageFrame(frame), order: order)
        } catch { benchRefused(error) }
      }, context: context, base: base, shift: 12)
  }

  /// With slow paths apart, like ``singlePages(_:_:)``.
  private static func objects(_ context: UnsafeMutableRawPointer) -> BenchSubject {
    BenchSubject(
      name: "reference",
      allocate: { size, context in
        let context = context.unsafelyUnwrapped.assumingMemoryBound(to: Context.self)
        if let object = context.pointee.cpu.takeReadyObject(size, gfp: .kernel) {
          return Int(bitPattern: object)
        }
        return BenchReference.kmallocSlowly(size, context)
      },
      free: { address, _, context in
        let context = context.unsafelyUnwrapped.assumingMemoryBound(to: Context.self)
        if context.pointee.cpu.putBackObject(UInt(bitPattern: address)) { return }
        BenchReference.kfreeSlowly(address, context)
      }, context: context, base: nil, shift: 0)
  }

  /// As a recording has it: an object of a cache where the size names one, else of kmalloc.
  private static func recorded(_ context: UnsafeMutableRawPointer) -> BenchSubject {
    BenchSubject(
      name: "reference",
      allocate: { size, context in
        let context = context.unsafelyUnwrapped.assumingMemoryBound(to: Context.self)
        if size & BenchRecording.cacheBit == 0 {
          if let object = context.pointee.cpu.takeReadyObject(size, gfp: .kernel) {
            return Int(bitPattern: object)
          }
          return BenchReference.kmallocSlowly(size, context)
        }
        do throws(SlabError) {
          return Int(
            bitPattern: try context.pointee.caches[size & ~BenchRecording.cacheBit].allocate(
              gfp: .kernel, cpu: context.pointee.cpu, site: BenchReference.site))
        } catch {
          return 0
        }
      }, free: objects(context).free, context: context, base: nil, shift: 0)
  }

  @inline(never)
  private static func kmallocSlowly(_ size: Int, _ context: UnsafeMutablePointer<Context>) -> Int {
    context.pointee.allocator.unsafelyUnwrapped._withUnsafeGuaranteedRef { allocator in
      do throws(SlabError) {
        return Int(
          bitPattern: try allocator.kmalloc(
            size, gfp: .kernel, cpu: context.pointee.cpu, site: BenchReference.site))
      } catch {
        return 0
      }
    }
  }

  @inline(never)
  private static func kfreeSlowly(_ address: Int, _ context: UnsafeMutablePointer<Context>) {
    context.pointee.allocator.unsafelyUnwrapped._withUnsafeGuaranteedRef { allocator in
      do throws(SlabError) {
        try allocator.kfree(
          UnsafeMutableRawPointer(bitPattern: address), cpu: context.pointee.cpu,
          site: BenchReference.site)
      } catch { benchRefused(error) }
    }
  }

  @inline(__always)
  private static var site: CallSite { CallSite(file: #fileID, line: #line) }
}

/// Ends the measurement: a call that the reference refuses would count as a fast one.
@inline(never)
private func benchRefused(_ error: some Error) -> Never {
  fatalError("the reference refused a call of its own workload: \(error)")
}
