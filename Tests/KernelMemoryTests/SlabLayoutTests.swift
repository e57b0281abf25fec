import Testing

@testable import KernelMemory

@Suite("Cache layout") struct SlabLayoutTests {
  @Test("sizes, orders and limits are those of recorded kernels")
  func recordedGeometry() {
    var compared = 0
    for (cpus, text) in SlabRecordings.geometry {
      for row in text.split(whereSeparator: \.isWhitespace) {
        let numbers = row.split(separator: ":").compactMap { Int($0) }
        let (object, slot, align) = (numbers[0], numbers[1], numbers[2])
        // What the snapshot does not tell: a constructor, or reuse under RCU, needs a word behind the object.
        let plain = CacheLayout.round(CacheLayout.round(object, to: 8), to: align)
        let layout = CacheLayout(
          objectSize: object, align: align, hasConstructor: plain != slot, cpus: cpus)
        #expect(
          layout.map {
            [
              $0.objectSize, $0.size, $0.alignment, $0.order, $0.objectsPerSlab, $0.cpuPartial,
              $0.minPartial,
            ]
          } == numbers, "\(row) on \(cpus) CPUs")
        compared += 1
      }
    }
    #expect(compared == 217)
  }

  @Test func theLinkIsInTheMiddle() throws {
    let layout = try #require(CacheLayout(objectSize: 64, cpus: 1))
    #expect(layout.freePointerOffset == 32)
    #expect(try #require(CacheLayout(objectSize: 8, cpus: 1)).freePointerOffset == 0)
    let constructed = try #require(CacheLayout(objectSize: 64, hasConstructor: true, cpus: 1))
    #expect(constructed.freePointerOffset == 64)
    #expect(constructed.size == 72)
  }

  @Test func cacheLinesAreHalvedForSmallObjects() {
    let align = { CacheLayout.alignment(objectSize: $0, align: 0, flags: .hwcacheAlign) }
    #expect(
      [8, 16, 17, 24, 32, 33, 64, 65, 200].map(align) == [8, 16, 32, 32, 32, 64, 64, 64, 64])
    #expect(CacheLayout.alignment(objectSize: 10, align: 256, flags: .hwcacheAlign) == 256)
  }

  @Test func checksTakeRoomInTheSlot() throws {
    let red = try #require(CacheLayout(objectSize: 64, flags: .redZone, cpus: 1))
    #expect([red.inUse, red.leftRedZone, red.size] == [72, 8, 88])
    let poison = try #require(CacheLayout(objectSize: 64, flags: .poison, cpus: 1))
    #expect([poison.inUse, poison.freePointerOffset, poison.size] == [64, 64, 72])
    let kmalloc = try #require(
      CacheLayout(objectSize: 256, align: 256, flags: [.debug, .kmalloc], cpus: 1))
    #expect(
      [kmalloc.inUse, kmalloc.freePointerOffset, kmalloc.trackOffset, kmalloc.leftRedZone]
        == [264, 264, 272, 256])
    #expect(kmalloc.size == 768)
    #expect(kmalloc.cpuPartial == 0)
  }

  @Test func noObjectReachesOverTheEnd() throws {
    #expect(try #require(CacheLayout(objectSize: 1500, cpus: 1)).objectsPerSlab == 32768 / 1504)
    #expect(CacheLayout.order(forSize: 4 << 20, cpus: 1) == 10)
    #expect(CacheLayout(objectSize: (4 << 20) + 1, cpus: 1) == nil)
    #expect(CacheLayout(objectSize: 4 << 20, flags: .redZone, cpus: 1) == nil)
    for size in stride(from: 8, through: 20_000, by: 8) {
      let layout = try #require(CacheLayout(objectSize: size, cpus: 4))
      #expect(layout.objectsPerSlab >= 1)
      #expect(layout.objectsPerSlab * layout.size <= pageSize << layout.order)
    }
  }

  @Test("kmalloc rounds as recorded kernels do")
  func recordedSizeClasses() {
    var compared = 0
    for line in SlabRecordings.sizeClasses.split(separator: "\n") {
      let halves = line.split(separator: ":")
      let allocated = Int(halves[0].trimmed) ?? 0
      for range in halves[1].trimmed.split(separator: ",") {
        let ends = range.split(separator: "-").compactMap { Int($0) }
        for size in ends[0]...ends[ends.count - 1] {
          #expect(KmallocClass.roundUp(size) == allocated)
          compared += 1
        }
      }
    }
    #expect(compared == 354)
  }

  @Test func sizesThatKmallocRefusesStay() {
    #expect([0, -1, (4 << 20) + 1].map(KmallocClass.roundUp) == [0, -1, (4 << 20) + 1])
    #expect(KmallocClass.roundUp(3 << 20) == 4 << 20)
  }
}

extension Substring {
  fileprivate var trimmed: Substring { self.drop { $0 == " " } }
}
