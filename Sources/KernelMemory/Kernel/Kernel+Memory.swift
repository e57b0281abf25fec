/// Memory by its size.
extension Kernel {
  /// Allocates physically contiguous memory (`kmalloc`): ``SlabAllocator/kmalloc(_:gfp:cpu:site:)``.
  public func kmalloc(
    _ size: Int, _ gfp: GFPFlags = .kernel, file: StaticString = #fileID, line: UInt = #line
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    let site = CallSite(file: file, line: line)
    return try pool.withCPU { (cpu) throws(SlabError) in
      try slab.kmalloc(size, gfp: gfp, cpu: cpu, site: site)
    }
  }

  /// Allocates zeroed memory (`kzalloc`).
  public func kzalloc(
    _ size: Int, _ gfp: GFPFlags = .kernel, file: StaticString = #fileID, line: UInt = #line
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    try kmalloc(size, gfp.union(.zero), file: file, line: line)
  }

  /// Allocates a zeroed array (`kcalloc`); nil also when `count` × `size` overflows.
  public func kcalloc(
    _ count: Int, _ size: Int, _ gfp: GFPFlags = .kernel, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    try pool.withCPU { (cpu) throws(SlabError) in
      try slab.kcalloc(count, size, gfp: gfp, cpu: cpu, file: file, line: line)
    }
  }

  /// Changes the size of an allocation, moving it when it does not fit (`krealloc`).
  public func krealloc(
    _ pointer: UnsafeMutableRawPointer?, _ size: Int, _ gfp: GFPFlags = .kernel,
    file: StaticString = #fileID, line: UInt = #line
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    try pool.withCPU { (cpu) throws(SlabError) in
      try slab.krealloc(pointer, size, gfp: gfp, cpu: cpu, file: file, line: line)
    }
  }

  /// Bytes that may be used of what a pointer points to (`ksize`).
  public func ksize(_ pointer: UnsafeMutableRawPointer?) throws(SlabError) -> Int {
    try slab.ksize(pointer)
  }

  /// Frees what ``kmalloc(_:_:file:line:)`` or a cache gave (`kfree`); nil is fine.
  public func kfree(
    _ pointer: UnsafeMutableRawPointer?, file: StaticString = #fileID, line: UInt = #line
  ) throws(SlabError) {
    let site = CallSite(file: file, line: line)
    try pool.withCPU { (cpu) throws(SlabError) in
      try slab.kfree(pointer, cpu: cpu, site: site)
    }
  }

  /// Allocates whole pages (`__get_free_pages`): 2^order of them, nil when memory is short.
  public func getFreePages(
    order: Int, _ gfp: GFPFlags = .kernel
  ) throws(PageError) -> UnsafeMutableRawPointer? {
    try pool.withCPU { (cpu) throws(PageError) in
      try machine.allocatePages(order: order, gfp: gfp, cpu: cpu).map(machine.pointer(to:))
    }
  }

  /// Frees whole pages (`free_pages`).
  public func freePages(_ pointer: UnsafeMutableRawPointer, order: Int) throws(PageError) {
    let offset = pointer - machine.memory.base
    let frame = PageFrame(offset >> 12)
    guard offset & (pageSize - 1) == 0 else {
      throw .badFree(frame, order: order, map: machine.map)
    }
    try pool.withCPU { (cpu) throws(PageError) in
      try machine.freePages(frame, order: order, cpu: cpu)
    }
  }
}

/// Object caches.
extension Kernel {
  /// Creates a cache for objects of one size (`kmem_cache_create`).
  public func createCache(
    _ name: String, size: Int, align: Int = 0, flags: SlabFlags = [],
    constructor: (@Sendable (UnsafeMutableRawPointer) -> Void)? = nil
  ) throws(SlabError) -> ObjectCache {
    try slab.createCache(name, size: size, align: align, flags: flags, constructor: constructor)
  }

  /// Allocates an object (`kmem_cache_alloc`); nil when memory is short.
  public func allocate(
    from cache: ObjectCache, _ gfp: GFPFlags = .kernel, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(SlabError) -> UnsafeMutableRawPointer? {
    let site = CallSite(file: file, line: line)
    return try pool.withCPU { (cpu) throws(SlabError) in
      try cache.allocate(gfp: gfp, cpu: cpu, site: site)
    }
  }

  /// Frees an object (`kmem_cache_free`).
  public func free(
    _ object: UnsafeMutableRawPointer, to cache: ObjectCache, file: StaticString = #fileID,
    line: UInt = #line
  ) throws(SlabError) {
    let site = CallSite(file: file, line: line)
    try pool.withCPU { (cpu) throws(SlabError) in
      try cache.free(object, cpu: cpu, site: site)
    }
  }

  /// Gives a cache's empty slabs back (`kmem_cache_shrink`); answers the pages freed.
  @discardableResult
  public func shrink(_ cache: ObjectCache) -> Int {
    pool.withCPU { slab.shrink(cache, cpu: $0) }
  }

  /// Ends a cache (`kmem_cache_destroy`).
  ///
  /// - Throws: ``SlabError/liveObjects(cache:objects:)``; the cache stays then.
  public func destroyCache(_ cache: ObjectCache) throws(SlabError) {
    try pool.withCPU { (cpu) throws(SlabError) in try slab.destroyCache(cache, cpu: cpu) }
  }
}

/// Memory that is contiguous in addresses alone.
extension Kernel {
  /// Allocates an area (`vmalloc`); nil when addresses or pages are short. Its bytes are reached through ``areas``.
  public func vmalloc(
    _ size: Int, _ gfp: GFPFlags = .kernel, caller: CallSite = #function
  ) throws(VmallocError) -> VirtualAddress? {
    try pool.withCPU { (cpu) throws(VmallocError) in
      try areas.vmalloc(size, gfp: gfp, caller: caller, cpu: cpu)
    }
  }

  /// Frees an area (`vfree`); nil is fine.
  public func vfree(
    _ address: VirtualAddress?, caller: CallSite = #function
  ) throws(VmallocError) {
    try pool.withCPU { (cpu) throws(VmallocError) in
      try areas.vfree(address, caller: caller, cpu: cpu)
    }
  }

  /// Allocates from ``kmalloc(_:_:file:line:)`` if that has it, else an area (`kvmalloc`).
  public func kvmalloc(
    _ size: Int, _ gfp: GFPFlags = .kernel, caller: CallSite = #function
  ) throws(VmallocError) -> VirtualAddress? {
    try pool.withCPU { (cpu) throws(VmallocError) in
      try areas.kvmalloc(size, gfp: gfp, caller: caller, cpu: cpu)
    }
  }

  /// Frees what ``kvmalloc(_:_:caller:)`` gave, whatever it is made of (`kvfree`); nil is fine.
  public func kvfree(
    _ address: VirtualAddress?, caller: CallSite = #function
  ) throws(VmallocError) {
    try pool.withCPU { (cpu) throws(VmallocError) in
      try areas.kvfree(address, caller: caller, cpu: cpu)
    }
  }
}
