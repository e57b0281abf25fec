/// The object allocator for tiny machines that Linux had until 6.3: a heap in the manner of Kernighan and Ritchie.
///
/// Objects of all caches and of kmalloc lie side by side in pages, in units of two bytes, with no slots. A free block
/// holds its size and the place of the next one, in ascending order. Pages with room are on one of three lists, for
/// requests below 256, below 1024, and up to a page; the search begins where the last one ended. `kmalloc` writes the
/// size before what it hands out. One lock guards everything.
/// Source: `mm/slob.c` of Linux 6.3.
public final class SLOB: SlabAllocator, @unchecked Sendable {
  /// Which free block of a page serves a request.
  public enum Fit: String, CaseIterable, Hashable, Sendable {
    /// The first that is large enough, from the page's start; what SLOB does.
    case first
    /// The first that is large enough, from where the last search in the page ended.
    case next
    /// The smallest that is large enough.
    case best
  }

  public let fit: Fit
  let lock = SpinLock()
  /// Pages with room, by the size of the requests that began them.
  var lists = [SlabList(), SlabList(), SlabList()]
  /// Pages of small objects, with and without room.
  var pageCount = 0
  /// Blocks of whole pages for a cache's large objects, and their pages.
  var wholePages = 0
  /// Objects of kmalloc, and the units they take with their headers.
  var kmallocObjects = 0
  /// Units in use on pages of small objects.
  var usedUnits = 0

  /// - Throws: ``SlabError/machineInUse``, ``SlabError/machine(_:)``.
  public init(_ machine: Machine, fit: Fit = .first) throws(SlabError) {
    self.fit = fit
    try super.init(machine: machine, debug: [], seed: 0)
  }

  public override var name: String { "SLOB" }

  /// Bytes of a unit (`SLOB_UNIT`).
  static let unit = 2
  static let unitsPerPage = pageSize / unit
  /// Bytes before what kmalloc hands out (`ARCH_KMALLOC_MINALIGN`).
  static let header = 8

  override func layout(
    objectSize: Int, align: Int, flags: SlabFlags, hasConstructor: Bool
  ) -> CacheLayout? {
    let alignment = CacheLayout.alignment(objectSize: objectSize, align: align, flags: flags)
    let order = CacheLayout.order(ofBytes: objectSize)
    guard order <= maxOrder else { return nil }
    return CacheLayout(
      objectSize: objectSize, size: objectSize, alignment: alignment, inUse: objectSize,
      order: order, objects: max(1, pageSize / objectSize))
  }

  override func takeSlowly(
    _ cache: ObjectCache, bytes: Int, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UInt {
    let address =
      cache.objectSize < pageSize
      ? try take(cache.objectSize, align: cache.alignment, before: 0, gfp: gfp, cpu: cpu)
      : try takeWhole(cache.order, gfp: gfp, cpu: cpu)
    guard let object = UnsafeMutableRawPointer(bitPattern: address) else { return 0 }
    count(cache, cpu, given: 1)
    // There are no slots that stay constructed.
    cache.state.pointee.constructor?(object)
    return address
  }

  override func giveSlowly(
    _ address: UInt, _ cache: ObjectCache, cpu: CPU, site: CallSite
  ) throws(SlabError) {
    let frame = UInt32((address &- base) >> 12)
    if slabs[Int(frame)].place == .full {
      guard cache.objectSize >= pageSize, address == self.address(of: frame) else {
        throw .misuse(notABlock(address, cache.name, site))
      }
      try giveWhole(frame, cpu: cpu)
    } else {
      guard cache.objectSize < pageSize else { throw .misuse(notABlock(address, cache.name, site)) }
      try give(address, bytes: cache.objectSize, name: cache.name, cpu: cpu, site: site)
    }
    count(cache, cpu, given: -1)
  }

  override func kmallocElsewhere(
    _ size: Int, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UInt {
    if let injection = machine.faults(at: .objects), injection.shouldFail(bytes: size, gfp: gfp) {
      return 0
    }
    guard size < pageSize - Self.header else {
      return try kmallocLarge(size, gfp: gfp, cpu: cpu, site: site)
    }
    // Powers of two are aligned to themselves, behind the header.
    let align = size & (size - 1) == 0 ? max(size, Self.header) : Self.header
    let block = try take(
      size + Self.header, align: align, before: Self.header, gfp: gfp, cpu: cpu)
    guard block != 0 else { return 0 }
    word(block).pointee = UInt32(size)
    lock.lock()
    kmallocObjects += 1
    lock.unlock()
    return block + UInt(Self.header)
  }

  override func kfreeElsewhere(_ address: UInt, cpu: CPU, site: CallSite) throws(SlabError) {
    let size = try requestedSize(address, "kfree", site)
    try give(
      address - UInt(Self.header), bytes: size + Self.header, name: "kfree", cpu: cpu, site: site)
    lock.lock()
    kmallocObjects -= 1
    lock.unlock()
  }

  override func usableSizeElsewhere(_ address: UInt, site: CallSite) throws(SlabError) -> Int {
    let frame = UInt32((address &- base) >> 12)
    if slabs[Int(frame)].place == .full { return pageSize << Int(slabs[Int(frame)].order) }
    return Self.units(try requestedSize(address, "ksize", site)) * Self.unit
  }

  /// What is written in front of a block that `kmalloc` gave.
  private func requestedSize(
    _ address: UInt, _ call: String, _ site: CallSite
  ) throws(SlabError) -> Int {
    let offset = address & UInt(pageSize - 1)
    let frame = UInt32((address &- base) >> 12)
    guard slabs[Int(frame)].place != .full, offset >= UInt(Self.header),
      offset.isMultiple(of: UInt(Self.header)),
      case let size = Int(word(address - UInt(Self.header)).pointee), size > 0,
      Int(offset) + size <= pageSize
    else { throw .misuse(notABlock(address, call, site)) }
    return size
  }

  override func check(_ cache: ObjectCache) throws(SlabInvariantViolation) {}

  override func checkAll() throws(SlabInvariantViolation) { try checkPages() }

  override func sharedCounts(_ sum: inout SlabStatistics) {
    lock.lock()
    sum.mixedPages = pageCount + wholePages
    sum.mixedBytes = usedUnits * Self.unit + wholePages * pageSize
    // The caches' objects are among those.
    sum.caches.slotBytes = 0
    sum.otherObjects = kmallocObjects
    lock.unlock()
  }

  static func units(_ bytes: Int) -> Int { (bytes + unit - 1) / unit }

  private func word(_ address: UInt) -> UnsafeMutablePointer<UInt32> {
    UnsafeMutablePointer<UInt32>(bitPattern: address).unsafelyUnwrapped
  }

  private func count(_ cache: ObjectCache, _ cpu: CPU, given: Int) {
    cpu.state.pointee.guarded.asOwner {
      let line = cpu.objects(cache.state.pointee.id)
      line.pointee.fromSlabs += given
      if given > 0 { line.pointee.allocations += given }
    }
  }
}
