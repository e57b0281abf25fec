extension ObjectCache {
  /// Allocates an object (`kmem_cache_alloc`).
  ///
  /// - Parameters:
  ///   - gfp: what the caller allows and asks for.
  ///   - cpu: the calling thread's processor.
  ///   - site: who asks, for reports.
  /// - Returns: nil when memory is short. The object holds what its last owner left, or what its constructor made;
  ///   with `__GFP_ZERO` zeros.
  /// - Throws: ``SlabError`` for a mask that contradicts itself or the constructor, and for a destroyed cache.
  /// - Complexity: O(1) mostly, amortised.
  @inlinable @inline(__always)
  public func allocate(
    gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    if gfp.rawValue & GFPFlags.zero.rawValue == 0,
      cpu.state.pointee.guarded.enter(allocating: gfp)
    {
      let object = cpu.objects(state.pointee.id).pop()
      cpu.state.pointee.guarded.leave()
      if object != 0 { return UnsafeMutableRawPointer(bitPattern: object).unsafelyUnwrapped }
    }
    return try allocateSlowly(gfp: gfp, cpu: cpu, site: site)
  }

  /// Allocates an object; the caller's place in the source is noted where the cache keeps track.
  @inlinable @inline(__always)
  public func allocate(
    gfp: GFPFlags, cpu: CPU, file: StaticString = #fileID, line: UInt = #line
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    try allocate(gfp: gfp, cpu: cpu, site: CallSite(file: file, line: line))
  }

  /// Frees an object (`kmem_cache_free`).
  ///
  /// Without checks a double free is refused at once only when nothing else was freed between, else it is found
  /// when the object goes back to its slab, if at all.
  /// - Parameters:
  ///   - object: what ``allocate(gfp:cpu:site:)`` returned.
  ///   - cpu: the calling thread's processor; need not be the one that allocated.
  /// - Throws: ``SlabError/misuse(_:)`` for what is no object of this cache; nothing changes then.
  /// - Complexity: O(1) mostly, amortised.
  @inlinable @inline(__always)
  public func free(
    _ object: UnsafeMutableRawPointer, cpu: CPU, site: CallSite
  ) throws(SlabError) {
    let address = UInt(bitPattern: object)
    let frame = (address &- state.pointee.base) &>> 12
    let id = state.pointee.id
    if frame < state.pointee.frameCount, state.pointee.owners[Int(bitPattern: frame)] == id,
      cpu.state.pointee.guarded.enter()
    {
      if cpu.objects(id).push(address) {
        cpu.state.pointee.guarded.leave()
        return
      }
      cpu.state.pointee.guarded.leave()
    }
    try freeSlowly(address, cpu: cpu, site: site)
  }

  /// Frees an object; the caller's place in the source is noted where the cache keeps track.
  @inlinable @inline(__always)
  public func free(
    _ object: UnsafeMutableRawPointer, cpu: CPU, file: StaticString = #fileID, line: UInt = #line
  ) throws(SlabError) {
    try free(object, cpu: cpu, site: CallSite(file: file, line: line))
  }

  @inline(never)
  @usableFromInline
  func allocateSlowly(
    gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    guard isAlive else { throw .destroyedCache }
    try cpu.checkMayAllocateObjects(gfp)
    if gfp.contains(.zero), hasConstructor { throw .zeroedConstructedObject(cache: name) }
    let address = try allocator.take(self, bytes: objectSize, gfp: gfp, cpu: cpu, site: site)
    guard let object = UnsafeMutableRawPointer(bitPattern: address) else { return nil }
    if gfp.contains(.zero) {
      object.initializeMemory(as: UInt8.self, repeating: 0, count: objectSize)
    }
    return object
  }

  @inline(never)
  @usableFromInline
  func freeSlowly(_ address: UInt, cpu: CPU, site: CallSite) throws(SlabError) {
    guard isAlive else { throw .destroyedCache }
    let allocator = self.allocator
    let owner = allocator.owner(of: address)
    if owner != state.pointee.id, owner != SlabAllocator.mixedPage {
      throw .misuse(allocator.reportWrongOwner(address, given: self, site: site))
    }
    try allocator.giveSlowly(address, self, cpu: cpu, site: site)
  }
}

extension UnsafeMutablePointer where Pointee == CPUObjects {
  /// Takes the object that came last; 0, which lies below the first, when there is none.
  @inlinable @inline(__always)
  func pop() -> UInt {
    let last = pointee.top - 1
    let object = last.pointee
    if object != 0 {
      pointee.top = last
      pointee.allocations &+= 1
    }
    return object
  }

  /// Puts an object on top; false when there is no room, or something about the address needs a look.
  @inlinable @inline(__always)
  func push(_ address: UInt) -> Bool {
    let top = pointee.top
    if top >= pointee.limit || UInt32(truncatingIfNeeded: address) & pointee.alignMask != 0
      || (top - 1).pointee == address
    {
      return false
    }
    top.pointee = address
    pointee.top = top + 1
    return true
  }
}

extension CPU {
  /// Refuses a mask that may sleep where the CPU may not, in the words of the page allocator.
  func checkMayAllocateObjects(_ gfp: GFPFlags) throws(SlabError) {
    do throws(ContextError) {
      try checkMayAllocate(gfp)
    } catch {
      throw .pages(.badContext(error))
    }
  }
}

extension SlabAllocator {
  /// The slow way to an object: what may stop it is asked, then the design is.
  final func take(
    _ cache: ObjectCache, bytes: Int, gfp: GFPFlags, cpu: CPU, site: CallSite
  ) throws(SlabError) -> UInt {
    do throws(ContextError) { try cpu.checkMayAllocate(gfp) } catch {
      throw .pages(.badContext(error))
    }
    if let injection = machine.faults(at: .objects), injection.shouldFail(bytes: bytes, gfp: gfp) {
      return 0
    }
    return try takeSlowly(cache, bytes: bytes, gfp: gfp, cpu: cpu, site: site)
  }

  /// The number of the cache whose page an address lies in. O(1).
  final func owner(of address: UInt) -> UInt16 {
    let frame = (address &- base) >> 12
    return frame < frameCount ? owners[Int(frame)] : Self.noCache
  }

  /// The head frame of the slab of a cache that an address lies in.
  final func slab(of address: UInt, _ cache: ObjectCache) -> UInt32 {
    let frame = UInt32((address &- base) >> 12)
    let head = frame & ~(1 &<< UInt32(cache.state.pointee.layout.order) &- 1)
    let slab = slabs + Int(head)
    if slab.pointee.cache == cache.state.pointee.id,
      frame &- head < 1 &<< UInt32(slab.pointee.order)
    {
      return head
    }
    // One of those that were made while no larger block was to be had.
    return frame & ~(1 &<< UInt32(cache.state.pointee.layout.minimumOrder) &- 1)
  }

  /// Whether an object of the slab starts at an address.
  final func isObject(_ address: UInt, _ frame: UInt32, _ cache: ObjectCache) -> Bool {
    // Only what stays as it is while the slab lives: the lock need not be held.
    let slab = slabs + Int(frame)
    let offset =
      address &- slab.pointee.start &- UInt(bitPattern: cache.state.pointee.layout.leftRedZone)
    return offset < UInt(Int(slab.pointee.objects) * cache.size) && offset % UInt(cache.size) == 0
  }

  /// What is wrong with an address as one of a cache whose slab it lies in, or nil.
  final func misplacement(_ address: UInt, _ cache: ObjectCache) -> SlabReport? {
    let frame = slab(of: address, cache)
    if isObject(address, frame, cache) { return nil }
    let (start, objects) = (slabs[Int(frame)].start, slabs[Int(frame)].objects)
    let number = (address &- start) / UInt(cache.size)
    let object =
      address >= start && number < objects
      ? mapped(start + number * UInt(cache.size) + UInt(cache.layout.leftRedZone)) : nil
    return SlabReport(.misaligned, cache: cache.name, address: mapped(address), object: object)
  }

  final func address(of frame: UInt32) -> UInt { base + UInt(frame) << 12 }

  /// The address that the kernel would have for it.
  final func mapped(_ address: UInt) -> UInt { address &- base &+ Self.directMap }
}
