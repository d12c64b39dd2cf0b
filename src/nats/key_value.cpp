#include "nats/key_value.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include <fmt/core.h>

#include "nats/bucket_rule.h"

namespace baton::nats {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Duration open_patience{10'000};
constexpr Duration retry_wait{50};
/// Of a question whether a leader is there.
constexpr Duration look_timeout{250};
/// A leader that answers and stores nothing for so many times `patience` makes room for another.
constexpr int deafness_patiences = 2;
/// When the stream has become shorter, so much of it is read again.
constexpr std::uint64_t reread = 64;
/// The low bits of a revision are chance, those above it milliseconds.
constexpr int chance_bits = 24;
constexpr std::uint64_t chance_mask = (std::uint64_t{1} << chance_bits) - 1;
constexpr std::int64_t first_ms = 1'577'836'800'000;  // 2020-01-01

bool may_pass(Errc code) { return code == Errc::unavailable || code == Errc::deadline_exceeded; }

const std::string& subjects_of(const BucketConfig& config) {
    return config.subjects.empty() ? config.name : config.subjects;
}

/// What those who write and the one who reads share.
class BucketStream {
public:
    BucketStream(std::unique_ptr<JetStream> jetstream, std::unique_ptr<Messaging> messaging,
        const BucketConfig& config)
        : config_(config),
          stream_(config.name + "-bucket"),
          subject_(subjects_of(config) + ".bucket"),
          bell_(subjects_of(config) + ".bell"),
          jetstream_(std::move(jetstream)),
          messaging_(std::move(messaging)),
          chance_(std::random_device{}()) {}

    Result<void> open() {
        const auto until = SteadyClock::now() + open_patience;
        while (true) {
            auto made = jetstream_->ensure_stream({.name = stream_,
                .subject = subject_,
                .description = config_.description,
                .replicas = config_.replicas,
                .max_bytes = config_.max_bytes,
                .max_age = config_.ttl * config_.history_ttls});
            if (made) break;
            if (!may_pass(made.error().code) || SteadyClock::now() >= until) return made;
            std::this_thread::sleep_for(retry_wait);
        }
        if (!messaging_) return {};
        BATON_TRY(bells_, messaging_->subscribe(bell_, [this](const Delivery& bell) {
            std::uint64_t sequence = 0;
            const auto end = bell.data.data() + bell.data.size();
            if (std::from_chars(bell.data.data(), end, sequence).ec == std::errc()) heard(sequence);
        }));
        return {};
    }

    const BucketConfig& config() const noexcept { return config_; }

    // ---- Writing ----

    Result<std::uint64_t> write(
        const std::string& key, std::string_view value, std::optional<std::uint64_t> expected) {
        const std::scoped_lock one_at_a_time(writing_);
        const auto until = SteadyClock::now() + config_.patience;
        const auto revision = begin_write(expected.value_or(0));
        const auto headers =
            headers_of({.key = key, .value = {}, .revision = revision, .expected = expected});
        const auto published = jetstream_->publish(
            {.subject = subject_, .data = value, .headers = headers, .timeout = config_.patience});
        if (!published) {
            look_for_deafness(published.error().code);
            return fail(published.error());
        }
        deaf_since_.reset();
        heard(*published);
        ring(*published);
        std::unique_lock lock(mutex_);
        if (!changed_.wait_until(lock, until, [&] { return own_counts_.has_value(); })) {
            return fail(Errc::deadline_exceeded, "whether the write of " + key + " counts");
        }
        if (*own_counts_) return revision;
        return fail(Errc::conflict, "another write of " + key + " came first");
    }

    // ---- Reading ----

    [[nodiscard]] Result<StreamState> state() { return jetstream_->state(stream_, look_timeout); }
    [[nodiscard]] Result<std::unique_ptr<Message>> get(std::uint64_t sequence) {
        return jetstream_->get(stream_, sequence);
    }
    [[nodiscard]] std::uint64_t last() {
        const std::scoped_lock lock(mutex_);
        return last_;
    }
    /// Waits for word of a message behind `sequence`, or until it is called; the last known of.
    std::uint64_t wait_beyond(std::uint64_t sequence, const std::atomic<bool>& is_called) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(
            lock, config_.look_interval, [&] { return last_ > sequence || is_called; });
        return last_;
    }
    void call(std::atomic<bool>& is_called) {
        const std::scoped_lock lock(mutex_);
        is_called = true;
        changed_.notify_all();
    }
    void heard(std::uint64_t sequence) {
        const std::scoped_lock lock(mutex_);
        last_ = std::max(last_, sequence);
        changed_.notify_all();
    }
    /// What the stream's leader said to a question that was asked when `known` was the last.
    void looked(std::uint64_t known, std::uint64_t last) {
        const std::scoped_lock lock(mutex_);
        last_ = last_ == known ? last : std::max(last_, last);
    }
    void judged(const BucketWrite& write, bool counts) {
        const std::scoped_lock lock(mutex_);
        newest_ = std::max(newest_, write.revision);
        if (write.revision != own_revision_) return;
        own_counts_ = counts;
        changed_.notify_all();
    }

private:
    /// A revision above all that were seen.
    std::uint64_t begin_write(std::uint64_t expected) {
        const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::system_clock::now().time_since_epoch());
        const auto by_clock = static_cast<std::uint64_t>(now.count() - first_ms) << chance_bits;
        const std::scoped_lock lock(mutex_);
        const auto above = (std::max(newest_, expected) | chance_mask) + 1;
        newest_ = std::max(by_clock, above) | (chance_() & chance_mask);
        own_revision_ = newest_;
        own_counts_.reset();
        return own_revision_;
    }

    void ring(std::uint64_t sequence) {
        if (!messaging_) return;
        const auto rung = messaging_->publish(bell_, {}, std::to_string(sequence));
        static_cast<void>(rung);  // who hears none looks for himself
    }

    /// One that does not answer at all is sent nothing that changes anything.
    void look_for_deafness(Errc code) {
        const auto now = SteadyClock::now();
        if (code != Errc::deadline_exceeded || !state()) return deaf_since_.reset();
        if (!deaf_since_) deaf_since_ = now;
        if (now - *deaf_since_ < deafness_patiences * config_.patience) return;
        const auto asked = jetstream_->step_down(stream_);
        static_cast<void>(asked);  // the next writes tell
        deaf_since_.reset();
    }

    const BucketConfig config_;
    const std::string stream_;
    const std::string subject_;
    const std::string bell_;
    std::unique_ptr<JetStream> jetstream_;
    std::unique_ptr<Messaging> messaging_;

    std::mutex writing_;  // held over a write
    std::optional<SteadyClock::time_point> deaf_since_;
    std::mt19937_64 chance_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t last_ = 0;          ///< sequence of the last message known of
    std::uint64_t newest_ = 0;        ///< the highest revision seen
    std::uint64_t own_revision_ = 0;  ///< of the write under way
    std::optional<bool> own_counts_;
    std::unique_ptr<Subscription> bells_;
};

/// Reads the stream message by message from its leader: a consumer would need one of its own, and
/// another election each time its server fails.
class BucketWatch final : public KeyWatch {
public:
    BucketWatch(std::shared_ptr<BucketStream> stream, KeyValue::Handler handler)
        : stream_(std::move(stream)),
          handler_(std::move(handler)),
          rule_(stream_->config().ttl),
          thread_([this] { run(); }) {}
    ~BucketWatch() override {
        is_ending_ = true;
        stream_->call(is_called_);
        thread_.join();
    }
    BucketWatch(const BucketWatch&) = delete;
    BucketWatch& operator=(const BucketWatch&) = delete;

    void tell_again() override { stream_->call(is_called_); }

private:
    void run() {
        while (!is_ending_) {
            if (!look()) {
                std::this_thread::sleep_for(retry_wait);
                continue;
            }
            read_up();
            while (!is_ending_ && next_ > last_) {
                const auto last = stream_->wait_beyond(last_, is_called_);
                if (last <= last_) break;  // nothing rang
                last_ = last;
                read_up();
            }
        }
    }

    /// Where the stream begins and ends. False: nobody says.
    bool look() {
        if (is_called_.exchange(false)) is_all_told_ = false, until_ = 0;
        const auto known = stream_->last();
        const auto state = stream_->state();
        if (!state) return false;
        // It ends before what was read: another leader has not all of it, and counts on from there.
        if (next_ > state->last + 1) next_ = state->last - std::min(state->last, reread);
        next_ = std::max({next_, state->first, std::uint64_t{1}});
        last_ = state->last;
        stream_->looked(known, last_);
        if (until_ == 0) until_ = last_ + 1;
        return true;
    }

    void read_up() {
        while (!is_ending_ && next_ <= last_) {
            if (!read_one()) {
                std::this_thread::sleep_for(retry_wait / 10);
                break;
            }
        }
        if (is_all_told_ || next_ < until_) return;
        for (const auto& write : rule_.entries()) tell(write);
        is_all_told_ = true;
        handler_(nullptr);
    }

    bool read_one() {
        const auto message = stream_->get(next_);
        if (!message) return false;
        ++next_;
        const auto write = bucket_write_of(**message);
        if (!write) return true;
        const bool counts = rule_.add(*write);
        if (counts && is_all_told_) tell(*write);
        stream_->judged(*write, counts);
        return true;
    }

    void tell(const BucketWrite& write) {
        const KeyEntry entry{write.key, write.value, write.revision};
        handler_(&entry);
    }
    std::shared_ptr<BucketStream> stream_;
    const KeyValue::Handler handler_;
    BucketRule rule_;
    std::uint64_t next_ = 0;
    std::uint64_t last_ = 0;
    std::uint64_t until_ = 0;  ///< what is before that was there when all was asked for
    bool is_all_told_ = false;
    std::atomic<bool> is_called_{true};  ///< to tell all
    std::atomic<bool> is_ending_{false};
    std::thread thread_;  // last: it uses the rest
};

class StreamBucket final : public KeyValue {
public:
    explicit StreamBucket(std::shared_ptr<BucketStream> stream) : stream_(std::move(stream)) {}

    Result<std::uint64_t> create(const std::string& key, std::string_view value) override {
        return stream_->write(key, value, 0);
    }
    Result<std::uint64_t> update(
        const std::string& key, std::string_view value, std::uint64_t revision) override {
        return stream_->write(key, value, revision);
    }
    Result<std::uint64_t> put(const std::string& key, std::string_view value) override {
        return stream_->write(key, value, std::nullopt);
    }
    std::unique_ptr<KeyWatch> watch(Handler handler) override {
        return std::make_unique<BucketWatch>(stream_, std::move(handler));
    }

private:
    std::shared_ptr<BucketStream> stream_;
};

}  // namespace

Result<std::unique_ptr<KeyValue>> open_bucket(std::unique_ptr<JetStream> jetstream,
    std::unique_ptr<Messaging> messaging, const BucketConfig& config) {
    auto stream =
        std::make_shared<BucketStream>(std::move(jetstream), std::move(messaging), config);
    BATON_TRY_VOID(stream->open());
    return std::make_unique<StreamBucket>(std::move(stream));
}

Result<std::unique_ptr<KeyValue>> open_bucket(
    std::shared_ptr<Connection> connection, const BucketConfig& config, Duration timeout) {
    BATON_TRY(auto jetstream, make_jetstream(connection, timeout));
    return open_bucket(std::move(jetstream), make_messaging(connection), config);
}

}  // namespace baton::nats
