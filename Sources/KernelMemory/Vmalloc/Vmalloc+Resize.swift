/// Memory that changes its size, or does not care what it is made of.
extension Vmalloc {
  /// Changes an area's size (`vrealloc`).
  ///
  /// Up to the pages that are mapped nothing moves and nothing is freed; beyond, a new area takes over the bytes.
  /// - Parameters:
  ///   - address: an area of `vmalloc`; nil allocates.
  ///   - size: in bytes; 0 frees and gives nil.
  ///   - gfp: with `__GFP_ZERO` what is cut off, or new, is zero.
  /// - Returns: the start; nil when memory is short, and the old area stays.
  /// - Throws: ``VmallocError``; nothing changes then.
  /// - Complexity: O(bytes) when it moves, O(log areas) else.
  public func vrealloc(
    _ address: VirtualAddress?, _ size: Int, gfp: GFPFlags = .kernel,
    caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) -> VirtualAddress? {
    guard let address else {
      return try vmalloc(size, gfp: gfp, caller: caller, cpu: cpu)
    }
    guard size != 0 else {
      try vfree(address, caller: caller, cpu: cpu)
      return nil
    }
    guard size > 0 else { throw .badSize(size) }
    guard let area = area(containing: address), area.start == address,
      area.kind.contains(.vmalloc)
    else {
      // The refusal's words are those of a free.
      _ = try unlink(address, kind: .vmalloc, caller: caller)
      return nil
    }
    if size <= area.usableBytes {
      if gfp.contains(.zero) {
        try? fill(address + size, count: area.usableBytes - size, with: 0)
      }
      return address
    }
    guard let new = try vmalloc(size, gfp: gfp, caller: caller, cpu: cpu) else { return nil }
    for page in 0..<area.pages {
      guard let from = vmallocToPage(address + page * pageSize),
        let to = vmallocToPage(new + page * pageSize)
      else { continue }
      machine.pointer(to: to).copyMemory(from: machine.pointer(to: from), byteCount: pageSize)
    }
    try vfree(address, caller: caller, cpu: cpu)
    return new
  }

  /// Allocates memory of one piece if that is easy, else an area (`kvmalloc`).
  ///
  /// Above a page, `kmalloc` is asked not to try hard, not to complain and not to promise; at most a page never becomes
  /// an area. A mask that may not sleep has no second try.
  /// - Returns: a directly mapped address or an area's; nil when memory is short.
  /// - Throws: ``VmallocError/noObjects``, ``VmallocError/objects(_:)``, or what `vmalloc` throws.
  /// - Complexity: that of `kmalloc`, or of `vmalloc`.
  public func kvmalloc(
    _ size: Int, gfp: GFPFlags = .kernel, caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) -> VirtualAddress? {
    guard let objects else { throw .noObjects }
    guard size > 0 else { throw .badSize(size) }
    var first = gfp
    if size > pageSize {
      first.insert(.nowarn)
      if !gfp.contains(.retryMayfail) { first.insert(.noretry) }
      first.remove(.nofail)
    }
    do throws(SlabError) {
      if let object = try objects.kmalloc(size, gfp: first, cpu: cpu, site: caller) {
        return directAddress(of: object)
      }
    } catch {
      throw .objects(error)
    }
    guard size > pageSize, gfp.mayBlock, size <= Int(Int32.max) else { return nil }
    return try vmalloc(size, gfp: gfp, kind: .allowsHuge, caller: caller, cpu: cpu)
  }

  /// Frees what ``kvmalloc(_:gfp:caller:cpu:)`` gave, whatever it is made of (`kvfree`).
  ///
  /// - Parameter address: nil does nothing.
  public func kvfree(
    _ address: VirtualAddress?, caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) {
    guard let address else { return }
    if isVmallocAddress(address) { return try vfree(address, caller: caller, cpu: cpu) }
    guard objects != nil else { throw .noObjects }
    guard directPointer(to: address) != nil else { throw .notAnArea(address) }
    try freeSmall(address, caller, cpu)
  }

  /// Changes the size of what ``kvmalloc(_:gfp:caller:cpu:)`` gave (`kvrealloc`).
  ///
  /// - Returns: the address, another one when it moved; nil when memory is short, and the old memory stays, or when
  ///   `size` is 0, and it was freed.
  public func kvrealloc(
    _ address: VirtualAddress?, _ size: Int, gfp: GFPFlags = .kernel,
    caller: CallSite = #function, cpu: CPU
  ) throws(VmallocError) -> VirtualAddress? {
    guard let address else { return try kvmalloc(size, gfp: gfp, caller: caller, cpu: cpu) }
    if size == 0 {
      try kvfree(address, caller: caller, cpu: cpu)
      return nil
    }
    if isVmallocAddress(address) {
      return try vrealloc(address, size, gfp: gfp, caller: caller, cpu: cpu)
    }
    guard let objects else { throw .noObjects }
    guard let old = directPointer(to: address) else { throw .notAnArea(address) }
    let usable: Int
    do throws(SlabError) {
      usable = try objects.ksize(old)
      if size <= usable {
        return directAddress(of: try objects.krealloc(old, size, gfp: gfp, cpu: cpu) ?? old)
      }
    } catch {
      throw .objects(error)
    }
    guard let new = try kvmalloc(size, gfp: gfp, caller: caller, cpu: cpu) else { return nil }
    try? write(new, from: UnsafeRawBufferPointer(start: old, count: min(usable, size)))
    try freeSmall(address, caller, cpu)
    return new
  }
}
