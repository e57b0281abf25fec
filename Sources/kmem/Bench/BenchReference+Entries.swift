import KernelMemory

/// What the entries into the reference need, in raw memory.
struct BenchContext {
  let cpu: CPU
  let zone: Zone
  let allocator: Unmanaged<SLUB>?
  /// The caches that sizes with ``BenchRecording/cacheBit`` name.
  let caches: UnsafeMutablePointer<ObjectCache>
}

// C functions by attribute rather than by closure: a closure called from C has a second function in front.
//
// The slow paths have functions of their own, or the registers that these save would be saved for each call. That
// would be the entry's cost and not the reference's: code that a fast path is inlined into has its own frame.

extension Workload {
  /// The reference as a workload's service; both take a ``BenchContext``.
  var entries: (allocate: BenchSubject.Allocate, free: BenchSubject.Free) {
    switch service {
    case .pages where isOfSinglePages: (benchTakePage, benchPutPage)
    case .pages: (benchTakePages, benchPutPages)
    case .buddy: (benchTakeBlock, benchPutBlock)
    case .objects where shape == .recording: (benchTakeRecorded, benchPutObject)
    case .objects: (benchTakeObject, benchPutObject)
    }
  }
}

/// A page, as `alloc_page` asks for it.
@_cdecl("kmem_bench_take_page")
@inline(__always)
private func benchTakePage(_ order: Int, _ context: UnsafeMutableRawPointer?) -> Int {
  if let page = bench(context).cpu.takeReady(order: 0, gfp: .kernel) { return page.number }
  return takeSlowly(order: order, context)
}

@_cdecl("kmem_bench_put_page")
@inline(__always)
private func benchPutPage(_ frame: Int, _ order: Int, _ context: UnsafeMutableRawPointer?) {
  if bench(context).cpu.putBack(frame, order: 0) { return }
  putSlowly(frame, order: order, context)
}

/// 2^order pages, as `alloc_pages` asks for them.
@_cdecl("kmem_bench_take_pages")
@inline(__always)
private func benchTakePages(_ order: Int, _ context: UnsafeMutableRawPointer?) -> Int {
  let cpu = bench(context).cpu
  if let page = order <= 3
    ? cpu.takeReady(order: order, gfp: .kernel) : cpu.takeBlock(order: order, gfp: .kernel)
  {
    return page.number
  }
  return takeSlowly(order: order, context)
}

@_cdecl("kmem_bench_put_pages")
@inline(__always)
private func benchPutPages(_ frame: Int, _ order: Int, _ context: UnsafeMutableRawPointer?) {
  let cpu = bench(context).cpu
  if order <= 3 ? cpu.putBack(frame, order: order) : cpu.putBackBlock(frame, order: order) {
    return
  }
  putSlowly(frame, order: order, context)
}

/// A block of the buddy lists.
@_cdecl("kmem_bench_take_block")
@inline(__always)
private func benchTakeBlock(_ order: Int, _ context: UnsafeMutableRawPointer?) -> Int {
  bench(context).zone.allocateBlock(order: order)?.number ?? 0
}

@_cdecl("kmem_bench_put_block")
@inline(__always)
private func benchPutBlock(_ frame: Int, _ order: Int, _ context: UnsafeMutableRawPointer?) {
  if let refusal = bench(context).zone.tryFree(frame, order: order) { fail(refusal) }
}

@inline(never)
private func fail(_ refusal: Refusal) -> Never {
  do throws(PageError) { try refusal.raise() } catch { benchRefused(error) }
  fatalError("a refusal without a reason")
}

@_cdecl("kmem_bench_take_object")
@inline(__always)
private func benchTakeObject(_ size: Int, _ context: UnsafeMutableRawPointer?) -> Int {
  if let object = bench(context).cpu.takeReadyObject(size, gfp: .kernel) {
    return Int(bitPattern: object)
  }
  return kmallocSlowly(size, context)
}

/// As a recording has it: an object of a cache where the size names one, else of kmalloc.
@_cdecl("kmem_bench_take_recorded")
@inline(__always)
private func benchTakeRecorded(_ size: Int, _ context: UnsafeMutableRawPointer?) -> Int {
  if size & BenchRecording.cacheBit == 0 { return benchTakeObject(size, context) }
  do throws(SlabError) {
    return Int(
      bitPattern: try bench(context).caches[size & ~BenchRecording.cacheBit].allocate(
        gfp: .kernel, cpu: bench(context).cpu))
  } catch {
    return 0
  }
}

@_cdecl("kmem_bench_put_object")
@inline(__always)
private func benchPutObject(_ address: Int, _ size: Int, _ context: UnsafeMutableRawPointer?) {
  if bench(context).cpu.putBackObject(UInt(bitPattern: address)) { return }
  kfreeSlowly(address, context)
}

@inline(__always)
private func bench(_ context: UnsafeMutableRawPointer?) -> BenchContext {
  context.unsafelyUnwrapped.assumingMemoryBound(to: BenchContext.self).pointee
}

@inline(never)
private func takeSlowly(order: Int, _ context: UnsafeMutableRawPointer?) -> Int {
  do throws(PageError) {
    return try bench(context).cpu.allocatePages(order: order, gfp: .kernel)?.number ?? 0
  } catch {
    return 0
  }
}

@inline(never)
private func putSlowly(_ frame: Int, order: Int, _ context: UnsafeMutableRawPointer?) {
  do throws(PageError) {
    try bench(context).cpu.freePages(PageFrame(frame), order: order)
  } catch { benchRefused(error) }
}

@inline(never)
private func kmallocSlowly(_ size: Int, _ context: UnsafeMutableRawPointer?) -> Int {
  do throws(SlabError) {
    return Int(
      bitPattern: try bench(context).slub.kmalloc(size, gfp: .kernel, cpu: bench(context).cpu))
  } catch {
    return 0
  }
}

@inline(never)
private func kfreeSlowly(_ address: Int, _ context: UnsafeMutableRawPointer?) {
  do throws(SlabError) {
    try bench(context).slub.kfree(
      UnsafeMutableRawPointer(bitPattern: address), cpu: bench(context).cpu)
  } catch { benchRefused(error) }
}

extension BenchContext {
  fileprivate var slub: SLUB { allocator.unsafelyUnwrapped.takeUnretainedValue() }
}

/// Ends the measurement: a call that the reference refuses would count as a fast one.
@inline(never)
func benchRefused(_ error: some Error) -> Never {
  fatalError("the reference refused a call of its own workload: \(error)")
}
