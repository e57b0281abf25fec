/// A stock of elements kept for bad times, so that whoever can wait always gets one (`mempool_t`).
///
/// An element is taken from the allocator underneath while that has any; the stock is touched only when it has not, and
/// filled up again by frees. Safe to use from many threads, each with a CPU of its own. Source: `mm/mempool.c`.
public final class Mempool<Element>: @unchecked Sendable {
  /// How long one wait lasts at most before the allocator is asked again; Linux: 5 s.
  public let patience: Duration
  /// Waits in a row that end with nothing before the request is given up; Linux never does.
  public let maximumWaits: Int

  private let make: @Sendable (GFPFlags, CPU) throws -> Element?
  private let dispose: @Sendable (Element, CPU) throws -> Void
  private struct State {
    /// Last in, first out.
    var stock: [Element] = []
    var minimum: Int
    var isDestroyed = false
  }
  /// Changes under ``lock`` only.
  private var state: State
  private let lock = SpinLock()
  private let queue = Monitor()

  /// Makes a pool and fills its stock (`mempool_create`).
  ///
  /// - Parameters:
  ///   - minimum: elements to keep; at least 1.
  ///   - cpu: the calling thread's processor.
  ///   - patience: how long one wait lasts at most.
  ///   - maximumWaits: waits in a row before a request is given up.
  ///   - make: allocates an element with a mask, by way of a CPU; nil when there is none.
  ///   - dispose: frees an element.
  /// - Throws: ``MempoolError``, or what `make` throws; nothing is left allocated then.
  public init(
    minimum: Int, cpu: CPU, patience: Duration = .seconds(5), maximumWaits: Int = 12,
    allocate make: @escaping @Sendable (GFPFlags, CPU) throws -> Element?,
    free dispose: @escaping @Sendable (Element, CPU) throws -> Void
  ) throws {
    guard minimum >= 1 else { throw MempoolError.badMinimum(minimum) }
    self.patience = patience
    self.maximumWaits = maximumWaits
    self.make = make
    self.dispose = dispose
    state = State(minimum: minimum)
    do {
      try fill(cpu)
    } catch {
      try empty(cpu)
      throw error
    }
  }

  /// Elements in stock at this moment (`curr_nr`).
  public var stock: Int { withState { $0.stock.count } }
  /// Elements that the stock shall hold (`min_nr`).
  public var minimum: Int { withState { $0.minimum } }

  /// An element: from the allocator without sleeping, else from the stock, else from the allocator with all that the
  /// mask allows, else by waiting for a free (`mempool_alloc`).
  ///
  /// The reserves of the page allocator are not for pools: the mask gets `__GFP_NOMEMALLOC`, `__GFP_NORETRY` and
  /// `__GFP_NOWARN`.
  /// - Returns: nil only when the mask does not allow to sleep.
  /// - Throws: ``MempoolError/zeroNotAllowed`` since an element from the stock is not cleared;
  ///   ``MempoolError/nobodyFrees(minimum:waits:)``; ``ContextError``; what the allocator throws.
  public func allocate(_ gfp: GFPFlags, cpu: CPU) throws -> Element? {
    if gfp.contains(.zero) { throw MempoolError.zeroNotAllowed }
    try cpu.checkMayAllocate(gfp)
    try checkAlive()
    let full = gfp.union([.nomemalloc, .noretry, .nowarn])
    let first = full.subtracting([.directReclaim, .io])
    if let element = try make(first, cpu) { return element }
    if let element = takeFromStock() { return element }
    var waits = 0
    while true {
      if full != first || waits > 0 {
        if let element = try make(full, cpu) { return element }
        if let element = takeFromStock() { return element }
      }
      if !gfp.mayBlock { return nil }
      if waits == maximumWaits {
        throw MempoolError.nobodyFrees(minimum: minimum, waits: waits)
      }
      if !queue.wait(atMost: patience, until: { stock > 0 }) { waits += 1 }
      if let element = takeFromStock() { return element }
    }
  }

  /// Gives an element back: to the stock while that is short, where one waiter is woken, else to the allocator
  /// (`mempool_free`).
  public func free(_ element: Element, cpu: CPU) throws {
    try checkAlive()
    let isKept = withState { state in
      if state.stock.count >= state.minimum { return false }
      state.stock.append(element)
      return true
    }
    if isKept { queue.notifyOne() } else { try dispose(element, cpu) }
  }

  /// Changes how many elements are kept, freeing or allocating some (`mempool_resize`).
  ///
  /// - Throws: ``MempoolError/cannotFill(_:of:)`` when there are not enough; what was got is kept.
  public func resize(to minimum: Int, cpu: CPU) throws {
    guard minimum >= 1 else { throw MempoolError.badMinimum(minimum) }
    try checkAlive()
    let surplus = withState { state in
      state.minimum = minimum
      let surplus = Array(state.stock.dropFirst(minimum))
      state.stock.removeLast(surplus.count)
      return surplus
    }
    for element in surplus { try dispose(element, cpu) }
    try fill(cpu)
    queue.notifyAll()
  }

  /// Frees the stock; the pool can be used no more (`mempool_destroy`). Elements that are out stay their owners'.
  public func destroy(cpu: CPU) throws {
    withState { $0.isDestroyed = true }
    try empty(cpu)
  }

  private func withState<Result>(_ body: (inout State) -> Result) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return body(&state)
  }

  private func takeFromStock() -> Element? { withState { $0.stock.popLast() } }

  private func checkAlive() throws(MempoolError) {
    if withState({ $0.isDestroyed }) { throw .destroyed }
  }

  private func fill(_ cpu: CPU) throws {
    while stock < minimum {
      guard let element = try make(.kernel, cpu) else {
        throw MempoolError.cannotFill(stock, of: minimum)
      }
      try free(element, cpu: cpu)
    }
  }

  private func empty(_ cpu: CPU) throws {
    while let element = takeFromStock() { try dispose(element, cpu) }
  }
}

extension Mempool where Element == PageFrame {
  /// A pool of blocks of pages (`mempool_create_page_pool`).
  ///
  /// - Throws: ``MempoolError``, ``PageError``.
  public convenience init(
    pagesOf machine: Machine, order: Int = 0, minimum: Int, cpu: CPU,
    patience: Duration = .seconds(5), maximumWaits: Int = 12
  ) throws {
    try self.init(
      minimum: minimum, cpu: cpu, patience: patience, maximumWaits: maximumWaits,
      allocate: { gfp, cpu in try machine.allocatePages(order: order, gfp: gfp, cpu: cpu) },
      free: { page, cpu in try machine.freePages(page, order: order, cpu: cpu) })
  }
}

extension Mempool where Element == UnsafeMutableRawPointer {
  /// A pool of objects of a cache (`mempool_create_slab_pool`).
  ///
  /// - Throws: ``MempoolError``, ``SlabError``.
  public convenience init(
    objectsOf cache: ObjectCache, minimum: Int, cpu: CPU, patience: Duration = .seconds(5),
    maximumWaits: Int = 12
  ) throws {
    try self.init(
      minimum: minimum, cpu: cpu, patience: patience, maximumWaits: maximumWaits,
      allocate: { gfp, cpu in try cache.allocate(gfp: gfp, cpu: cpu) },
      free: { object, cpu in try cache.free(object, cpu: cpu) })
  }

  /// A pool of memory of one size (`mempool_create_kmalloc_pool`).
  ///
  /// - Throws: ``MempoolError``, ``SlabError``.
  public convenience init(
    bytes: Int, of slab: SlabAllocator, minimum: Int, cpu: CPU, patience: Duration = .seconds(5),
    maximumWaits: Int = 12
  ) throws {
    try self.init(
      minimum: minimum, cpu: cpu, patience: patience, maximumWaits: maximumWaits,
      allocate: { gfp, cpu in try slab.kmalloc(bytes, gfp: gfp, cpu: cpu) },
      free: { pointer, cpu in try slab.kfree(pointer, cpu: cpu) })
  }
}

/// A call that a pool refuses, or a promise it cannot keep.
public enum MempoolError: Error, Hashable, Sendable, CustomStringConvertible {
  case badMinimum(Int)
  /// The allocator had fewer elements than the stock shall hold.
  case cannotFill(Int, of: Int)
  /// `__GFP_ZERO` was asked for.
  case zeroNotAllowed
  /// A request that may sleep waited in vain.
  case nobodyFrees(minimum: Int, waits: Int)
  case destroyed

  public var description: String {
    switch self {
    case .badMinimum(let minimum):
      "mempool: a stock of \(minimum) elements guarantees nothing; keep 1 or more"
    case .cannotFill(let count, let minimum):
      "mempool: memory ran out with \(count) of \(minimum) elements in stock; keep fewer, or free memory "
        + "first"
    case .zeroNotAllowed:
      "mempool: an element from the stock holds what its last owner left, so __GFP_ZERO cannot be "
        + "promised; clear the element after it was allocated"
    case .nobodyFrees(let minimum, let waits):
      "mempool: all \(minimum) elements of the stock are out and none came back in \(waits) waits; Linux "
        + "would wait for ever: whoever holds them must free them without allocating from the same pool"
    case .destroyed:
      "mempool: the pool was destroyed; elements that were out are their owners' to free"
    }
  }
}
