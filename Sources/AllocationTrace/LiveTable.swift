/// What is live in a recording, by address or handle: an open-addressed table in raw memory.
///
/// Grows and shrinks with what it holds; no value is an object, so no operation retains or releases anything.
/// Keys are any numbers but -1. Expected O(1) for each operation.
@frozen public struct LiveTable<Value: BitwiseCopyable>: ~Copyable {
  @frozen @usableFromInline struct Slot: BitwiseCopyable {
    @usableFromInline var key: Int
    @usableFromInline var value: Value
    @inlinable init(key: Int, value: Value) {
      self.key = key
      self.value = value
    }
  }

  @usableFromInline var slots: UnsafeMutablePointer<Slot>
  @usableFromInline var mask: Int
  @usableFromInline var storedCount = 0
  /// Number of keys.
  @inlinable public var count: Int { storedCount }
  /// Fills slots that hold no key.
  @usableFromInline let blank: Value

  /// An empty table; `blank` is any value, kept where no key is.
  @inlinable
  public init(blank: Value) {
    self.blank = blank
    mask = 63
    slots = Self.emptySlots(64, blank)
  }

  @inlinable deinit { slots.deallocate() }

  /// The value of `key`, or nil.
  @inlinable
  public func value(_ key: Int) -> Value? {
    var place = home(key)
    while slots[place].key != key {
      if slots[place].key == -1 { return nil }
      place = (place &+ 1) & mask
    }
    return slots[place].value
  }

  /// Sets the value of `key`.
  @inlinable
  public mutating func set(_ key: Int, _ value: Value) {
    var place = home(key)
    while slots[place].key != key {
      if slots[place].key == -1 {
        slots[place] = Slot(key: key, value: value)
        added()
        return
      }
      place = (place &+ 1) & mask
    }
    slots[place].value = value
  }

  /// Takes `key` out and answers its value, or nil when it was not there.
  @inlinable
  public mutating func remove(_ key: Int) -> Value? {
    var place = home(key)
    while slots[place].key != key {
      if slots[place].key == -1 { return nil }
      place = (place &+ 1) & mask
    }
    let value = slots[place].value
    removed(at: place)
    return value
  }

  /// Hands every key and value to `body`, in no order.
  @inlinable
  public func forEach<E: Error>(_ body: (Int, Value) throws(E) -> Void) throws(E) {
    for place in 0...mask where slots[place].key != -1 {
      try body(slots[place].key, slots[place].value)
    }
  }

  /// Where the search for `key` begins: the upper bits of a multiplication spread neighbours apart.
  @inlinable
  func home(_ key: Int) -> Int {
    let product = UInt(bitPattern: key) &* 0x9e37_79b9_7f4a_7c15
    return Int(bitPattern: product >> 32) & mask
  }

  @inlinable
  mutating func added() {
    storedCount &+= 1
    if storedCount &* 2 > mask { resize(to: (mask &+ 1) &* 2) }
  }

  /// Empties the slot at `hole`, moving up what would no longer be found.
  @inlinable
  mutating func removed(at hole: Int) {
    var hole = hole
    var place = hole
    while true {
      place = (place &+ 1) & mask
      let key = slots[place].key
      if key == -1 { break }
      // A key stays where it is when its home lies cyclically behind the hole.
      if (place &- home(key)) & mask >= (place &- hole) & mask {
        slots[hole] = slots[place]
        hole = place
      }
    }
    slots[hole] = Slot(key: -1, value: blank)
    storedCount &-= 1
    if mask > 63 && storedCount &* 16 < mask { resize(to: (mask &+ 1) / 4) }
  }

  @inlinable
  mutating func resize(to size: Int) {
    let old = slots
    let oldMask = mask
    slots = Self.emptySlots(max(64, size), blank)
    mask = max(64, size) - 1
    for place in 0...oldMask where old[place].key != -1 {
      var target = home(old[place].key)
      while slots[target].key != -1 { target = (target &+ 1) & mask }
      slots[target] = old[place]
    }
    old.deallocate()
  }

  @inlinable
  static func emptySlots(_ size: Int, _ blank: Value) -> UnsafeMutablePointer<Slot> {
    let slots = UnsafeMutablePointer<Slot>.allocate(capacity: size)
    slots.initialize(repeating: Slot(key: -1, value: blank), count: size)
    return slots
  }
}
