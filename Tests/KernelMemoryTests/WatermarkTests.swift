import Testing

@testable import KernelMemory

/// Numbers that running kernels printed in `/proc/zoneinfo`.
@Suite("Watermarks") struct WatermarkTests {
  @Test("a 512 MiB machine")
  func halfGibibyte() {
    let zones: [(kind: ZoneKind, managed: Int)] = [
      (.dma, 3840), (.dma32, 112572), (.normal, 0), (.movable, 0), (.device, 0),
    ]
    let kilobytes = Watermarks.minFreeKilobytes(zones, hugePages: true)
    #expect(kilobytes == 2729)
    #expect(
      Watermarks.forZones(zones, minFreeKilobytes: kilobytes) == [
        Watermarks(min: 22, low: 27, high: 32, promo: 37),
        Watermarks(min: 659, low: 823, high: 987, promo: 1151),
        Watermarks(min: 0, low: 0, high: 0, promo: 0),
        Watermarks(min: 32, low: 32, high: 32, promo: 32),
        Watermarks(min: 0, low: 0, high: 0, promo: 0),
      ])
    #expect(Watermarks.lowmemReserve(zones)[0] == [0, 439, 439, 439, 439])
    #expect(Watermarks.lowmemReserve(zones)[1] == [0, 0, 0, 0, 0])
  }

  @Test("a 256 MiB machine")
  func quarterGibibyte() {
    let zones: [(kind: ZoneKind, managed: Int)] = [
      (.dma, 3840), (.dma32, 48156), (.normal, 0), (.movable, 0), (.device, 0),
    ]
    let kilobytes = Watermarks.minFreeKilobytes(zones, hugePages: true)
    #expect(kilobytes == 1824)
    let marks = Watermarks.forZones(zones, minFreeKilobytes: kilobytes)
    #expect(marks[0] == Watermarks(min: 33, low: 41, high: 49, promo: 57))
    #expect(marks[1] == Watermarks(min: 422, low: 527, high: 632, promo: 737))
    #expect(Watermarks.lowmemReserve(zones)[0] == [0, 188, 188, 188, 188])
  }

  @Test("a 5 GiB machine, where huge pages set the minimum")
  func fiveGibibytes() {
    // Two nodes share the minimum; for the formula their zones are one list.
    let zones: [(kind: ZoneKind, managed: Int)] = [
      (.dma, 3840), (.dma32, 629130), (.dma32, 113919), (.normal, 514243),
    ]
    let kilobytes = Watermarks.minFreeKilobytes(zones, hugePages: true)
    #expect(kilobytes == 90112)
    #expect(
      Watermarks.forZones(zones, minFreeKilobytes: kilobytes) == [
        Watermarks(min: 68, low: 85, high: 102, promo: 119),
        Watermarks(min: 11238, low: 14047, high: 16856, promo: 19665),
        Watermarks(min: 2034, low: 2542, high: 3050, promo: 3558),
        Watermarks(min: 9186, low: 11482, high: 13778, promo: 16074),
      ])
    #expect(Watermarks.lowmemReserve([zones[0], zones[1]])[0] == [0, 2457])
    #expect(Watermarks.lowmemReserve([zones[2], zones[3]])[0] == [0, 2008])
    #expect(Watermarks.minFreeKilobytes(zones, hugePages: false) == 8984)
  }

  @Test("high memory keeps a token amount, at the distance of its size")
  func highMemory() {
    let zones: [(kind: ZoneKind, managed: Int)] = [
      (.dma, 4000), (.normal, 220000), (.highMem, 500000), (.movable, 0),
    ]
    let marks = Watermarks.forZones(zones, minFreeKilobytes: 4096)
    #expect(marks[1].min == 1024 * 220000 / 224000)
    // The proportional share, 2285, sets the distance; the clamp to 128 sets min.
    #expect(marks[2] == Watermarks(min: 128, low: 699, high: 1270, promo: 1841))
    #expect(
      Watermarks.lowmemReserve(zones) == [
        [0, 859, 2812, 2812], [0, 0, 15625, 15625], [0, 0, 0, 0], [0, 0, 0, 0],
      ])
  }

  @Test("the minimum stays between 128 KiB and 256 MiB")
  func bounds() {
    #expect(Watermarks.minFreeKilobytes([(.dma, 16)], hugePages: true) == 128)
    #expect(Watermarks.minFreeKilobytes([(.normal, 1 << 34)], hugePages: false) == 262144)
  }

  @Test("the scale factor sets the least distance")
  func scaleFactor() {
    let marks = Watermarks.forZones([(.normal, 100000)], minFreeKilobytes: 400, scaleFactor: 200)
    #expect(marks == [Watermarks(min: 100, low: 2100, high: 4100, promo: 6100)])
  }
}
