/// What checked objects are filled with. Source: `include/linux/poison.h`.
enum SlabByte {
  /// A free object (`POISON_FREE`), and its last byte (`POISON_END`).
  static let free: UInt8 = 0x6b
  static let end: UInt8 = 0xa5
  /// A new slab, and padding (`POISON_INUSE`).
  static let padding: UInt8 = 0x5a
  /// Red zones of a free object and of one in use (`SLUB_RED_INACTIVE`, `SLUB_RED_ACTIVE`).
  static let redFree: UInt8 = 0xbb
  static let redInUse: UInt8 = 0xcc
}

/// Filling and looking at the bytes of checked objects. Source: `init_object`, `check_object` in `mm/slub.c`.
extension SLUB {
  func poisonSlab(_ start: UInt, bytes: Int) { set(start, bytes, SlabByte.padding) }

  /// A slot of a new slab.
  func initializeChecked(_ object: UInt, _ cache: ObjectCache) {
    fill(object, cache, inUse: false)
    if cache.layout.trackOffset > 0 {
      set(object + UInt(cache.layout.trackOffset), 2 * CacheLayout.trackSize, 0)
    }
  }

  private func set(_ address: UInt, _ count: Int, _ byte: UInt8) {
    UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped
      .initializeMemory(as: UInt8.self, repeating: byte, count: count)
  }

  /// Writes poison and red zones.
  func fill(_ object: UInt, _ cache: ObjectCache, inUse: Bool) {
    let layout = cache.layout
    let red = inUse ? SlabByte.redInUse : SlabByte.redFree
    let hasRedZone = cache.flags.contains(.redZone)
    var end = layout.objectSize
    if hasRedZone {
      set(object - UInt(layout.leftRedZone), layout.leftRedZone, red)
      if inUse, cache.storesRequest { end = request(object, cache) }
    }
    if cache.poisonsObjects, end > 0 {
      set(object, end - 1, SlabByte.free)
      set(object + UInt(end - 1), 1, SlabByte.end)
    }
    if hasRedZone { set(object + UInt(end), layout.inUse - end, red) }
  }

  /// The first thing wrong with an object's surroundings, or with a free object itself.
  func damage(of object: UInt, _ cache: ObjectCache, inUse: Bool) -> SlabReport? {
    let layout = cache.layout
    let red = inUse ? SlabByte.redInUse : SlabByte.redFree
    let look = { (region: SlabReport.Region, from: Int, end: Int, byte: UInt8) -> SlabReport? in
      self.compare(object, cache, region, from: from, end: end, byte)
    }
    if cache.flags.contains(.redZone) {
      if let found = look(.leftRedZone, -layout.leftRedZone, 0, red) { return found }
      if let found = look(.rightRedZone, layout.objectSize, layout.inUse, red) { return found }
      if inUse, cache.storesRequest,
        let found = look(.kmallocRedZone, request(object, cache), layout.objectSize, red)
      {
        return found
      }
    } else if cache.flags.contains(.poison),
      let found = look(.alignmentPadding, layout.objectSize, layout.inUse, SlabByte.padding)
    {
      return found
    }
    guard cache.flags.contains(.poison) else { return nil }
    if !inUse, cache.poisonsObjects {
      let end = layout.objectSize
      if let found = look(.poison, 0, end - 1, SlabByte.free) { return found }
      if let found = look(.endPoison, end - 1, end, SlabByte.end) { return found }
    }
    return look(
      .objectPadding, layout.infoEnd(cache.flags), layout.size - layout.leftRedZone,
      SlabByte.padding)
  }

  private func compare(
    _ object: UInt, _ cache: ObjectCache, _ region: SlabReport.Region, from: Int, end: Int,
    _ expected: UInt8
  ) -> SlabReport? {
    guard from < end else { return nil }
    let start = object &+ UInt(bitPattern: from)
    let bytes = UnsafeRawBufferPointer(
      start: UnsafeRawPointer(bitPattern: start), count: end - from)
    guard let first = bytes.firstIndex(where: { $0 != expected }),
      let last = bytes.lastIndex(where: { $0 != expected })
    else { return nil }
    let slabStart = slabs[Int(slab(of: object, cache))].start
    var report = SlabReport(
      .overwritten(region), cache: cache.name, address: mapped(object), object: mapped(object))
    report.damage = SlabReport.Damage(
      first: mapped(start + UInt(first)), last: mapped(start + UInt(last)), found: bytes[first],
      expected: expected, offset: Int(start &- slabStart) + first)
    return report
  }

  /// The unused rest of a slab behind its last slot (`slab_pad_check`).
  func paddingDamage(_ frame: UInt32, _ cache: ObjectCache) -> SlabReport? {
    guard cache.flags.contains(.poison) else { return nil }
    let slab = slabs[Int(frame)]
    let used = Int(slab.objects) * cache.size
    let first = slab.start + UInt(cache.layout.leftRedZone)
    return compare(
      first, cache, .padding, from: used - cache.layout.leftRedZone,
      end: pageSize << Int(slab.order) - cache.layout.leftRedZone, SlabByte.padding)
  }

  // MARK: What a slot remembers

  func setTrack(_ track: Track, _ object: UInt, _ cache: ObjectCache, isFree: Bool) {
    guard cache.layout.trackOffset > 0 else { return }
    let place = object + UInt(cache.layout.trackOffset + (isFree ? CacheLayout.trackSize : 0))
    store(track.site.text, at: place)
    store(UInt(track.site.length) | UInt(track.site.line) << 32, at: place + 8)
    store(UInt(track.cpu + 1), at: place + 16)
  }

  func track(_ object: UInt, _ cache: ObjectCache, isFree: Bool) -> Track? {
    guard cache.layout.trackOffset > 0 else { return nil }
    let place = object + UInt(cache.layout.trackOffset + (isFree ? CacheLayout.trackSize : 0))
    let cpu = Int(load(place + 16))
    guard cpu > 0 else { return nil }
    let packed = load(place + 8)
    return Track(
      site: CallSite(
        text: load(place), length: UInt32(truncatingIfNeeded: packed), line: UInt32(packed >> 32)),
      cpu: cpu - 1)
  }

  /// Bytes that the object was asked for with; only kmalloc's caches with tracks know.
  func request(_ object: UInt, _ cache: ObjectCache) -> Int {
    Int(load(object + UInt(cache.layout.trackOffset + 2 * CacheLayout.trackSize)))
  }

  func setRequest(_ bytes: Int, _ object: UInt, _ cache: ObjectCache) {
    guard cache.storesRequest else { return }
    store(
      UInt(bytes), at: object + UInt(cache.layout.trackOffset + 2 * CacheLayout.trackSize))
  }

  /// Moves the end of what was asked for, with the red zone behind it.
  func resizeTracked(_ object: UInt, _ cache: ObjectCache, to size: Int, zero: Bool) {
    let old = request(object, cache)
    if size > old, zero { set(object + UInt(old), size - old, 0) }
    setRequest(size, object, cache)
    if cache.flags.contains(.redZone) {
      set(object + UInt(size), cache.layout.inUse - size, SlabByte.redInUse)
    }
  }
}

extension ObjectCache {
  /// Whether a slot remembers how many bytes were asked for (`slub_debug_orig_size`).
  var storesRequest: Bool { flags.contains([.storeUser, .kmalloc]) }
  /// Whether free objects are filled with poison (`__OBJECT_POISON`).
  var poisonsObjects: Bool {
    flags.contains(.poison) && !flags.contains(.typesafeByRCU) && !hasConstructor
  }
}

extension CacheLayout {
  /// End of what a slot holds: object, link and records.
  func infoEnd(_ flags: SlabFlags) -> Int {
    var end = freePointerOffset >= inUse ? inUse + Self.word : inUse
    if flags.contains(.storeUser) { end += 2 * Self.trackSize }
    if flags.contains([.storeUser, .kmalloc]) { end += Self.word }
    return end
  }
}
